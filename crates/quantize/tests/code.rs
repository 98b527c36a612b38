//! Generated code gives bit for bit the scores of the interpreter. Tests need `gcc` and `rustc`, and
//! say so where there is none.
#![allow(clippy::unwrap_used)]

mod common;

use automl_quantize::{Int8Program, Interpreter};
use common::tools::{is_there, succeed, write};
use common::{channels_last, images, networks, quantized};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Images of each comparison.
const IMAGES: usize = 500;

/// The scores that a program writes for images in its input.
fn scores(program: &Path, images: &[Vec<u8>]) -> Vec<u8> {
    let mut child =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, bytes) = (child.stdin.take().unwrap(), images.concat());
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// The interpreter's scores and classes: what the programs below write.
fn expected(program: &Int8Program, images: &[Vec<u8>]) -> Vec<u8> {
    let mut interpreter = Interpreter::new(program);
    let mut all = Vec::new();
    for image in images {
        all.extend(interpreter.run(image).iter().map(|score| *score as u8));
        all.push(interpreter.classify(image) as u8);
    }
    all
}

/// Every network with its program and images.
fn cases() -> impl Iterator<Item = (String, Int8Program, Vec<Vec<u8>>, Vec<String>)> {
    networks().into_iter().map(|(name, graph)| {
        let channels = graph.input_channels;
        let images = images(&graph, IMAGES, 7);
        let images = images.iter().map(|image| channels_last(image, channels)).collect();
        let classes = (0..graph.classes).map(|class| format!("class \"{class}\"??/")).collect();
        (name, quantized(&graph, 0), images, classes)
    })
}

const MAIN_C: &str = r#"
#include "net.h"
#include <stdio.h>

#if NET_HEIGHT * NET_WIDTH * NET_CHANNELS != NET_INPUT_BYTES
#error "the image has other bytes"
#endif
#if (NET_HEIGHT == NET_WIDTH) != defined(NET_SIDE)
#error "squares alone have a side"
#endif

static const char *const names[] = NET_CLASS_NAMES;

int main(void)
{
    static uint8_t image[NET_INPUT_BYTES];
    if (sizeof names / sizeof names[0] != NET_CLASSES)
        return 1;
    while (fread(image, 1, NET_INPUT_BYTES, stdin) == NET_INPUT_BYTES) {
        int best = net_classify(image);
        for (int i = 0; i < NET_INPUT_BYTES; i++)
            net_input()[i] = image[i];
        fwrite(net_run(), 1, NET_CLASSES, stdout);
        putchar(best);
    }
    return 0;
}
"#;

#[test]
fn c_equals_the_interpreter() {
    if !is_there("gcc") {
        return;
    }
    for (name, program, images, classes) in cases() {
        let folder = tempfile::tempdir().unwrap();
        let at = |file: &str| folder.path().join(file);
        write(&program.to_c("net", &classes).unwrap(), folder.path());
        std::fs::write(at("main.c"), MAIN_C).unwrap();
        let flags = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99", "-O2"];
        let files = [at("net.c"), at("main.c")];
        succeed(Command::new("gcc").args(flags).args(files).arg("-o").arg(at("main")));
        assert!(scores(&at("main"), &images) == expected(&program, &images), "{name}");
    }
}

const MAIN_RS: &str = r"
use std::io::{Read, Write};

fn main() {
    assert_eq!(net::CLASS_NAMES.len(), net::CLASSES);
    assert_eq!(net::HEIGHT * net::WIDTH * net::CHANNELS, net::INPUT_BYTES);
    let mut network = net::Network::new();
    let mut image = [0; net::INPUT_BYTES];
    while std::io::stdin().read_exact(&mut image).is_ok() {
        let best = network.classify(&image);
        for (to, pixel) in network.input().iter_mut().zip(image) {
            *to = pixel as i8;
        }
        let mut scores: Vec<u8> = network.run().iter().map(|score| *score as u8).collect();
        scores.push(best as u8);
        std::io::stdout().write_all(&scores).unwrap();
    }
}
";

/// Checked for overflow, too.
#[test]
fn rust_equals_the_interpreter() {
    if !is_there("rustc") {
        return;
    }
    for (name, program, images, classes) in cases() {
        let folder = tempfile::tempdir().unwrap();
        let at = |file: &str| folder.path().join(file);
        write(&program.to_rust("net", &classes).unwrap(), folder.path());
        std::fs::write(at("main.rs"), MAIN_RS).unwrap();
        let flags = ["--edition=2024", "-Dwarnings", "-Copt-level=1", "-Coverflow-checks"];
        let rustc = || {
            let mut command = Command::new("rustc");
            command.args(flags).current_dir(folder.path());
            command
        };
        succeed(rustc().args(["--crate-name=net", "--crate-type=rlib"]).arg(at("src/lib.rs")));
        succeed(rustc().args(["--extern=net=libnet.rlib", "-o", "main"]).arg(at("main.rs")));
        assert!(scores(&at("main"), &images) == expected(&program, &images), "{name}");
    }
}
