//! Manifests for kubectl: a PostgreSQL with its volume, a volume for `runs/`, and a job.

use super::target::Target;
use serde_json::{Value, json};

/// The manifests as JSON documents in one YAML stream. The password lies in a secret that is created
/// by hand, so that no file holds it.
pub(super) fn manifests(target: &Target, image: &str) -> String {
    let study = &target.study;
    let database = format!("{study}-postgres");
    let head = format!(
        "# The password of the database, once:\n\
         # kubectl create secret generic {database} --from-literal=password=\"$(openssl rand -hex 16)\"\n"
    );
    let documents = [
        volume(&format!("{database}-data"), "ReadWriteOnce"),
        volume(&format!("{study}-runs"), "ReadWriteMany"),
        deployment(&database),
        service(&database),
        job(target, image, &database),
    ];
    let documents = documents.iter().map(|document| {
        let text = serde_json::to_string_pretty(document).unwrap_or_default();
        format!("---\n{text}\n")
    });
    head + &documents.collect::<String>()
}

fn volume(name: &str, access: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": [access], "resources": {"requests": {"storage": "10Gi"}}},
    })
}

fn password(variable: &str, database: &str) -> Value {
    let reference = json!({"secretKeyRef": {"name": database, "key": "password"}});
    json!({"name": variable, "valueFrom": reference})
}

/// What no container needs.
fn restricted() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": true,
    })
}

fn user(number: u32) -> Value {
    json!({
        "runAsNonRoot": true,
        "runAsUser": number,
        "runAsGroup": number,
        "fsGroup": number,
        "seccompProfile": {"type": "RuntimeDefault"},
    })
}

fn deployment(database: &str) -> Value {
    let labels = json!({"app": database});
    let container = json!({
        "name": "postgres",
        "image": "postgres:17",
        "env": [
            {"name": "POSTGRES_USER", "value": "automl"},
            {"name": "POSTGRES_DB", "value": "automl"},
            {"name": "PGDATA", "value": "/data/pgdata"},
            password("POSTGRES_PASSWORD", database),
        ],
        "ports": [{"containerPort": 5432}],
        "readinessProbe": {"exec": {"command": ["pg_isready", "-U", "automl"]}},
        "resources": {
            "requests": {"cpu": "250m", "memory": "256Mi"},
            "limits": {"cpu": "2", "memory": "1Gi"},
        },
        "securityContext": restricted(),
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "run", "mountPath": "/var/run/postgresql"},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    });
    let claim = json!({"claimName": format!("{database}-data")});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": database},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "securityContext": user(999),
                    "containers": [container],
                    "volumes": [
                        {"name": "data", "persistentVolumeClaim": claim},
                        {"name": "run", "emptyDir": {}},
                        {"name": "tmp", "emptyDir": {}},
                    ],
                },
            },
        },
    })
}

fn service(database: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": database},
        "spec": {"selector": {"app": database}, "ports": [{"port": 5432}]},
    })
}

/// The workers; a pod that is preempted gets SIGTERM and a minute, and is started again.
fn job(target: &Target, image: &str, database: &str) -> Value {
    let Target { study, tasks, cpus, memory, gpus, minutes, .. } = target;
    let mut resources = json!({"cpu": cpus.to_string(), "memory": format!("{memory}Mi")});
    if *gpus > 0 {
        resources["nvidia.com/gpu"] = json!(gpus.to_string());
    }
    let (command, program) = match target.command.iter().position(|word| word == "--") {
        Some(at) => target.command.split_at(at),
        None => (target.command.as_slice(), [].as_slice()),
    };
    let storage = format!("--storage=postgresql://automl@{database}/automl");
    let own = [storage, "--runs=/runs".to_owned()];
    let words: Vec<&String> = command.iter().chain(&own).chain(program).collect();
    let container = json!({
        "name": "worker",
        "image": image,
        "command": ["automl"],
        "args": words,
        "workingDir": "/runs",
        "env": [password("PGPASSWORD", database)],
        "resources": {"requests": resources, "limits": resources},
        "securityContext": restricted(),
        "volumeMounts": [
            {"name": "runs", "mountPath": "/runs"},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    });
    let claim = json!({"claimName": format!("{study}-runs")});
    let mut spec = json!({
        "parallelism": tasks,
        "completions": tasks,
        "completionMode": "Indexed",
        "backoffLimit": 6 * u64::from(*tasks),
        "template": {
            "metadata": {"labels": {"app": study}},
            "spec": {
                "restartPolicy": "OnFailure",
                "terminationGracePeriodSeconds": 60,
                "securityContext": user(10_001),
                "containers": [container],
                "volumes": [
                    {"name": "runs", "persistentVolumeClaim": claim},
                    {"name": "tmp", "emptyDir": {}},
                ],
            },
        },
    });
    if let Some(minutes) = minutes {
        spec["activeDeadlineSeconds"] = json!(60 * minutes);
    }
    let metadata = json!({"name": study});
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
}

#[cfg(test)]
mod tests {
    use super::super::target::example;
    use super::*;

    #[test]
    fn workers_share_the_database_and_the_volume() {
        let text = manifests(&example(), "automl:1");
        let documents: Vec<Value> = text
            .split("---\n")
            .skip(1)
            .map(|document| serde_json::from_str(document).unwrap())
            .collect();
        let kinds: Vec<&str> = documents.iter().filter_map(|d| d["kind"].as_str()).collect();
        let volumes = "PersistentVolumeClaim";
        assert_eq!(kinds, [volumes, volumes, "Deployment", "Service", "Job"]);
        let worker = &documents[4]["spec"]["template"]["spec"]["containers"][0];
        let storage = "--storage=postgresql://automl@big-postgres/automl";
        let expected =
            ["tune", "--study", "big", storage, "--runs=/runs", "--", "sh", "-c", "echo {x}; it's"];
        assert_eq!(worker["args"], json!(expected));
        assert_eq!(documents[4]["spec"]["parallelism"], 3);
        assert_eq!(documents[4]["spec"]["activeDeadlineSeconds"], 5400);
        for pod in [&documents[2], &documents[4]].map(|d| &d["spec"]["template"]["spec"]) {
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
            let security = &pod["containers"][0]["securityContext"];
            assert_eq!(security["readOnlyRootFilesystem"], true);
            assert!(pod["containers"][0]["resources"]["limits"]["memory"].is_string());
        }
        assert_eq!(worker["env"][0]["valueFrom"]["secretKeyRef"]["name"], "big-postgres");
    }

    /// The schemas of Kubernetes have every field, in the place and with the type that it has here.
    #[test]
    fn manifests_fit_the_schemas() {
        let Ok(python) = std::env::var("AUTOML_PYTHON") else {
            println!("skipped: AUTOML_PYTHON names no Python");
            return;
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), manifests(&example(), "automl:1")).unwrap();
        let script = "import sys\n\
                      try:\n    import kubernetes_validate, yaml\n\
                      except ImportError: sys.exit(9)\n\
                      for document in yaml.safe_load_all(open(sys.argv[1])):\n    \
                      kubernetes_validate.validate(document, '1.31', strict=True)";
        let output = std::process::Command::new(python)
            .args(["-c", script])
            .arg(file.path())
            .output()
            .unwrap();
        if output.status.code() == Some(9) {
            println!("skipped: no kubernetes-validate");
            return;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
