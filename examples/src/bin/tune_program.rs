//! Any program, tuned: a shell script trains to an epoch, goes on from its checkpoint, and prints its
//! results as JSON lines; ASHA pauses most of its trials early.

use automl::study::StopFlag;
use automl::tune::{SpaceFile, TuneSettings, tune};

/// One epoch brings the loss nearer to what the rate allows. Braces of the shell are doubled.
const SCRIPT: &str = r#"
rate=$1 target=$2 folder=$3
epoch=$(cat "$folder/epoch" 2>/dev/null || echo 0)
while [ "$epoch" -lt "$target" ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$folder/epoch"
  loss=$(awk "BEGIN {{ d = log($rate) / log(10) + 2; print d * d + 1 / $epoch }}")
  echo "{{\"epochs\": $epoch, \"loss\": $loss}}"
done"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runs = std::env::temp_dir().join(format!("tune-program-{}", std::process::id()));
    let space = SpaceFile::read(None, &["rate=float(1e-5,1,log)".into()])?.space;
    let command = ["sh", "-c", SCRIPT, "sh", "{rate}", "{epochs}", "{checkpoint}"];
    let mut settings = TuneSettings::new(space, command.map(str::to_owned).to_vec());
    settings.fidelity = Some("epochs=1..9".parse()?);
    settings.trials = 18;
    settings.workers = Some(2);
    settings.runs = runs.clone();
    let outcome = tune(&settings, &StopFlag::new(), &|event| eprintln!("{event}"))?;
    println!("{}", outcome.table);
    let best = outcome.best.first().ok_or("no trial is complete")?;
    println!("best: {}", best.params["rate"]);
    assert!(outcome.failed == 0 && best.fidelity == Some(9));
    assert!(best.values["loss"].as_f64() < Some(1.0));
    std::fs::remove_dir_all(runs)?;
    Ok(())
}
