//! A search on images that are not square: two resolutions, limits of a device, exports of the front.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_deploy::TrainedNetwork;
use automl_extent::Extent;
use automl_search::{ExportTarget, Settings, run};
use automl_study::StopFlag;
use std::fs;
use std::path::Path;

/// A BMP file of 30 x 20 pixels: one third from the left is bright.
fn bitmap(class: u32, number: u32) -> Vec<u8> {
    // Rows are filled up to four bytes.
    let (width, height, row) = (30_u32, 20_u32, 92_u32);
    let size = row * height;
    let words = [54 + size, 0, 54, 40, width, height, 1 | 24 << 16, 0, 0, 0, 0, 0, 0];
    let mut file = b"BM".to_vec();
    file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    file.extend((0..size).map(|at| {
        let (x, noise) = (at % row / 3, (at * 37 + number * 101) % 80);
        (noise + if x / 10 == class { 150 } else { 20 }) as u8
    }));
    file
}

fn write(root: &Path) {
    for class in 0..3 {
        let folder = root.join(format!("photos/third-{class}"));
        fs::create_dir_all(&folder).unwrap();
        for number in 0..24 {
            fs::write(folder.join(format!("{number}.bmp")), bitmap(class, number)).unwrap();
        }
    }
}

#[test]
fn networks_for_images_that_are_not_square_are_searched() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root);
    let assignments = [
        "study=wide",
        "device=cpu",
        "workers=1",
        "data.side=16x24",
        "data.cache=false",
        "search.sides=[8, 16]",
        "search.trials=6",
        "search.final-networks=6",
        "search.max-flash=16000",
        "search.max-ram=12000",
        "training.epochs=2",
        "training.final-epochs=3",
    ];
    let mut assignments: Vec<String> = assignments.map(str::to_owned).to_vec();
    assignments.push(format!("runs={:?}", root.join("runs").display().to_string()));
    assignments.push(format!("data.dir={:?}", root.join("photos").display().to_string()));
    let mut settings = Settings::load(None, &assignments).unwrap();
    settings.search.export = vec![ExportTarget::OnnxInt8, ExportTarget::C];
    let summary = run(&settings, &StopFlag::new(), &|_| ()).unwrap().finished().unwrap();
    let extents = [Extent::new(8, 12), Extent::new(16, 24)];
    assert!(!summary.front.is_empty());
    for network in &summary.front {
        let folder = root.join(format!("runs/wide/front/trial-{}", network.trial));
        let trained = TrainedNetwork::read(&folder).unwrap();
        let graph = &trained.record.graph;
        assert!(extents.contains(&graph.input_side), "{}", graph.input_side);
        assert_eq!(trained.record.input.as_ref().unwrap().side, graph.input_side);
        let cost = graph.cost();
        assert!(cost.flash_bytes <= 16_000 && cost.ram_bytes <= 12_000, "{cost:?}");
        let header = fs::read_to_string(folder.join("export/c/network.h")).unwrap();
        let Extent { height, width } = graph.input_side;
        let lines = format!("#define NETWORK_HEIGHT {height}\n#define NETWORK_WIDTH {width}\n");
        assert!(header.contains(&lines), "{header}");
    }
    let kept = fs::read_to_string(root.join("runs/wide/settings.json")).unwrap();
    assert!(kept.contains(r#""side": "16x24""#), "{kept}");
    // It goes on as it began.
    let mut more = Settings::load(None, &assignments).unwrap();
    more.search.trials = 7;
    let again = run(&more, &StopFlag::new(), &|_| ()).unwrap().finished().unwrap();
    assert!(again.front.len() >= summary.front.len().min(1));
}
