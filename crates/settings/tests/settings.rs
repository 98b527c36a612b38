//! Settings from files and assignments.

use automl_data::metrics::Metric;
use automl_registry::PartSpec;
use automl_settings::{Device, Microseconds, RecipePreset, Settings, Span};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Options of parts in TOML, as a table or as text, and by assignment.
#[test]
fn parts_take_options() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "[search]\nscheduler = \"pbt{members=8}\"\n\n\
                [search.sampler]\nname = \"pbt\"\nmembers = 8\n";
    std::fs::write(file.path(), text).unwrap();
    let settings = Settings::load(Some(file.path()), &[]).unwrap();
    assert_eq!(settings.search.sampler, settings.search.scheduler);
    assert_eq!(settings.search.sampler, PartSpec::named("pbt").with("members", 8));
    let set = ["search.scheduler=percentile", "search.scheduler.share=0.4", "search.sampler=gp"];
    let set: Vec<String> = set.map(str::to_owned).to_vec();
    let settings = Settings::load(Some(file.path()), &set).unwrap();
    assert_eq!(settings.search.scheduler, PartSpec::named("percentile").with("share", 0.4));
    let kept = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&kept).unwrap(), settings);
}

#[test]
fn assignments_change_single_settings() {
    let load = |text: &[&str]| {
        let text: Vec<String> = text.iter().map(|s| (*s).to_owned()).collect();
        Settings::load(None, &text)
    };
    let settings = load(&[
        "training.epochs=7",
        "search.timeout=1h30m",
        "data.dataset=cifar10",
        "data.dir=/data",
        "device=cpu",
        "training.recipe=lecture",
        "training.randaugment-magnitude=0",
        "search.max-latency=2ms",
        "search.max-params=20k",
        "search.metric=f1",
    ]);
    let settings = settings.unwrap();
    assert_eq!(settings.training.epochs, Some(7));
    assert_eq!(settings.search.timeout, Some(Span(Duration::from_secs(5400))));
    assert_eq!(settings.data.dir, Some(PathBuf::from("/data")));
    assert_eq!(settings.device, Device::Cpu);
    assert_eq!(settings.training.recipe, RecipePreset::Long);
    assert_eq!(settings.training.randaugment_magnitude, Some(0));
    assert_eq!(settings.search.max_latency, Some(Microseconds(2000.0)));
    assert_eq!(settings.search.max_params, Some(20_000));
    assert_eq!(settings.search.metric, Metric::MacroF1);
    let written = toml::to_string(&settings).unwrap();
    assert_eq!(toml::from_str::<Settings>(&written).unwrap(), settings);
    for (bad, named) in [
        ("training.epoch=7", "epoch"),
        ("training.epochs=seven", "epochs"),
        ("data.dataset=imagenet", "imagenet"),
        ("data.dataset=cifar10", "--data-dir"),
        ("search.trials=0", "search.trials"),
        ("search.images=1", "search.images"),
        ("search.sampler=tpee", "nsga2"),
        ("search.sampler=cmaes", "one objective"),
        ("search.sampler=tpe{startup=-1}", "startup = -1"),
        ("search.sampler=tpe{good=2}", "no option \"good\""),
        ("search.scheduler=asha{eta=1}", "eta = 1.0 is not above 1"),
        ("search.scheduler=ash", "asha-stopping"),
        ("search.timeout=0", "\"0\" is no time"),
        ("training.min-epochs=28", "training.min-epochs = 28: lies above the 27 epochs"),
        ("search.timeout=soon", "soon"),
        ("search.max-latency=2m", "800us"),
        ("study=../x", "study"),
        ("training.recipe=heavy", "heavy"),
        ("training.randaugment-ops=-1", "randaugment-ops"),
        ("training.randaugment-ops=15", "training.randaugment-ops"),
        ("training.randaugment-magnitude=31", "between 0 and 30"),
        ("training.randaugment-magnitude=5", "without training.randaugment-ops"),
        ("training.cutout=1.5", "training.cutout"),
        ("training.label-smoothing=1", "training.label-smoothing"),
        ("epochs", "path=value"),
        ("search.metric=auc", "balanced-accuracy"),
        ("search.score=f1 - 0.1 * mac", "there is no parameter \"mac\""),
        ("search.score=f1 -", "search.score"),
        ("search.max-params=20kk", "20k"),
        ("search.max-flash=12q", "128k"),
        ("search.board=nano", "arduino-nano-33-ble"),
        ("training.balance=maybe", "maybe"),
        ("training.class-costs.cat=-1", "cat = -1"),
    ] {
        let error = load(&[bad]).unwrap_err().to_string();
        assert!(error.contains(named), "{bad}: {error}");
    }
}

#[test]
fn former_names_are_read() {
    let now = ["search.cost-objective=macs", "search.final-networks=3"];
    let now = [&now[..], &["search.zero-cost-proxy=naswot", "training.recipe=long"]].concat();
    let former = ["search.against=macs", "search.front=3", "search.filter=naswot"];
    let former = [&former[..], &["training.recipe=lecture"]].concat();
    let load = |names: &[&str], file: Option<&Path>| {
        let names: Vec<String> = names.iter().map(|s| (*s).to_owned()).collect();
        Settings::load(file, &names).unwrap()
    };
    let settings = load(&now, None);
    assert_eq!(load(&former, None), settings);
    // The last one counts, whatever its name.
    assert_eq!(load(&[&now[..], &["search.front=4"]].concat(), None).search.final_networks, 4);
    let text = "[search]\nagainst = \"latency\"\nfilter = \"naswot\"\nfront = 3\n\
         [training]\nrecipe = \"lecture\"\n";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    assert_eq!(load(&now[..1], Some(file.path())), settings);
    let kept: Settings = serde_json::from_str(
        r#"{"search": {"against": "macs", "filter": "naswot", "front": 3},
            "training": {"recipe": "lecture"}}"#,
    )
    .unwrap();
    assert_eq!(kept, settings);
}

/// `docs/reference/search.toml` shows the defaults, and every setting that it shows exists.
#[test]
fn the_documented_settings_are_the_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/search.toml");
    assert_eq!(Settings::load(Some(&path), &[]).unwrap(), Settings::default());
    let text = std::fs::read_to_string(&path).unwrap();
    let shown: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
        .collect();
    let settings: Settings = toml::from_str(&shown.join("\n")).unwrap();
    settings.check().unwrap();
    assert_eq!(settings.training.randaugment_magnitude, Some(2));
}
