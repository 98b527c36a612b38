//! Generated C on emulated Cortex-M processors gives the scores of the interpreter, and has the
//! constants and the memory that were counted. Needs `arm-none-eabi-gcc` (Debian packages
//! gcc-arm-none-eabi and libnewlib-arm-none-eabi) and `qemu-system-arm`, and says so without them.
#![allow(clippy::unwrap_used)]

mod common;

use automl_quantize::{Int8Program, Interpreter};
use common::tools::{is_there, succeed, write};
use common::{channels_last, images, networks, quantized};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const COMPILER: &str = "arm-none-eabi-gcc";
const EMULATOR: &str = "qemu-system-arm";

/// Processors with and without the DSP extension, and boards that have them.
const BOARDS: [(&str, &str); 2] = [("cortex-m3", "mps2-an385"), ("cortex-m4", "mps2-an386")];

/// Programs that have all kernels of squeeze-and-excitation networks and of pruned ones.
fn programs() -> Vec<(Int8Program, Vec<Vec<u8>>)> {
    let wanted = ["v3-se-swish", "pruned", "flatten"];
    let found = networks().into_iter().filter(|(name, _)| wanted.contains(&name.as_str()));
    found
        .map(|(_, graph)| {
            let images = images(&graph, 10, 7);
            let last = images.iter().map(|image| channels_last(image, graph.input_channels));
            (quantized(&graph, 0), last.collect())
        })
        .collect()
}

/// The generated files with the program of the board and its images.
fn prepare(program: &Int8Program, images: &[Vec<u8>], folder: &Path) {
    let classes: Vec<String> = (0..program.classes()).map(|class| class.to_string()).collect();
    write(&program.to_c("net", &classes).unwrap(), folder);
    std::fs::write(folder.join("board.c"), include_str!("device/board.c")).unwrap();
    std::fs::write(folder.join("board.ld"), include_str!("device/board.ld")).unwrap();
    let (count, bytes) = (images.len(), program.input_bytes());
    let mut text = format!(
        "#include <stdint.h>\n#define IMAGES {count}\nstatic const uint8_t images[{count}][{bytes}] = {{\n"
    );
    for image in images {
        let pixels: Vec<String> = image.iter().map(u8::to_string).collect();
        writeln!(text, "{{{}}},", pixels.join(",")).unwrap();
    }
    text.push_str("};\n");
    std::fs::write(folder.join("images.h"), text).unwrap();
}

fn compile(processor: &str, folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(COMPILER);
    command.current_dir(folder).arg(format!("-mcpu={processor}"));
    command.args(["-mthumb", "-Wall", "-Wextra", "-Werror", "-std=c99", "-O2"]);
    succeed(command.args(arguments));
}

#[test]
fn cortex_m_equals_the_interpreter() {
    if !is_there(COMPILER) || !is_there(EMULATOR) {
        return;
    }
    for (program, images) in programs() {
        let folder = tempfile::tempdir().unwrap();
        prepare(&program, &images, folder.path());
        let mut interpreter = Interpreter::new(&program);
        let line = |image: &Vec<u8>| {
            let mut bytes: Vec<u8> = interpreter.run(image).iter().map(|q| *q as u8).collect();
            bytes.push(interpreter.classify(image) as u8);
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n"
        };
        let expected: String = images.iter().map(line).collect();
        for (processor, board) in BOARDS {
            let link = ["-ffreestanding", "-nostartfiles", "-Tboard.ld", "net.c", "board.c"];
            compile(
                processor,
                folder.path(),
                &[&link[..], &["-onet.elf", "-lc", "-lgcc"]].concat(),
            );
            let mut command = Command::new(EMULATOR);
            command.args(["-M", board, "-nographic", "-monitor", "none", "-serial", "none"]);
            command.args(["-semihosting-config", "enable=on,target=native", "-kernel"]);
            let output = command.arg(folder.path().join("net.elf")).output().unwrap();
            // The emulator writes what the board says to standard error.
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{told}");
            assert_eq!(told, expected, "{processor}");
        }
    }
}

/// The object file has the declared constants within 2 %, and the declared memory exactly.
#[test]
fn sizes_are_as_declared() {
    if !is_there(COMPILER) || !is_there("arm-none-eabi-size") {
        return;
    }
    for (program, images) in programs() {
        let folder = tempfile::tempdir().unwrap();
        prepare(&program, &images, folder.path());
        compile("cortex-m4", folder.path(), &["-c", "net.c"]);
        let mut size = Command::new("arm-none-eabi-size");
        let output = size.arg("-A").arg(folder.path().join("net.o")).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let section = |name: &str| -> f64 {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0.0)
        };
        let declared = program.constant_bytes() as f64;
        assert!((section(".rodata") / declared - 1.0).abs() <= 0.02, "{declared}\n{text}");
        assert_eq!(section(".bss"), program.memory().arena_bytes() as f64, "{text}");
        assert_eq!(section(".data"), 0.0, "{text}");
    }
}
