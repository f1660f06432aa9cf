//! What the tests' service knows.

use std::sync::Arc;

use nilometer_explorer::view::*;
use nilometer_transpiler::graph::{Labels, OutputKind};
use nilometer_transpiler::quant::QuantGraph;
use serde_json::json;

use crate::world::{graph, schema, Sample};

/// What a publisher who means harm writes wherever there is room.
pub const HOSTILE: &str = "</title></script><script>window.__pwned=1;alert(1)</script>\
    <img src=x onerror=window.__pwned=2>\"'><svg onload=window.__pwned=3>\u{202e}gnp.exe{{7*7}}";

pub const OWNER: &str = "0x64b48806902a367c8598f4f95c305e8c1a1acba5f082d294a43793113115691";
pub const OTHER: &str = "0x78662e7352d062084b0010068b99288486c2d8b914f6e2a55ce945f8792c8b1";
pub const HASH: &str = "0x5c8a9c85aed6c78d3a4c97b7a90017cceaf291ccf3887454e05d297767a6755";
pub const DIGEST: &str = "59f7541902e91876ac3705b41e5f4d906477660840d310ca01aa4cba6dfe788e";
pub const START: u64 = 1_795_000_000;
pub const STRK: u128 = 1_000_000_000_000_000_000;

pub fn status(models: u64) -> Status {
    Status {
        chain: "SN_SEPOLIA".to_owned(),
        registry: "0x2e4b7f1c9d8a6053".to_owned() + &"5".repeat(48),
        is_devnet: true,
        node: "http://127.0.0.1:5050".to_owned(),
        indexed_block: Some(20_481),
        indexed_time: Some(START),
        tip_block: Some(20_481),
        blocks_behind: 0,
        synced_at: Some(START),
        trouble: None,
        revision: 7,
        rollbacks: 1,
        unreadable_events: 0,
        totals: TotalsView {
            models,
            versions: models + 1,
            calls: 1_284,
            claims: 6,
            open_claims: 2,
            proofs: 2,
            revenue: Amount(1_284 * STRK / 100),
            burnt: Amount(2 * STRK),
        },
        settings: Some(SettingsView {
            owner: OWNER.to_owned(),
            fee_token: HASH.to_owned(),
            window: 3_600,
            delay: 97_200,
            min_bond: Amount(STRK),
            paused: false,
            announced: None,
            announced_for: None,
        }),
        version: "0.1.0".to_owned(),
    }
}

/// All models: two examples, a network with many inputs, a hostile one, and small ones for a second page.
pub fn all() -> Vec<Sample> {
    let mut all = vec![
        sample(1, "iris_tree", "tree_classifier", Some(graph("iris-tree/model.onnx"))),
        sample(
            2,
            "breast_cancer_forest",
            "tree_classifier",
            Some(graph("breast-cancer-forest/model.onnx")),
        ),
        sample(3, "rockybot", "mlp_classifier", Some(graph("rockybot/rockybot.onnx"))),
    ];
    all.push(hostile());
    all.extend(
        (5..=31).map(|id| sample(id, &format!("small_model_{id:02}"), "mlp_regressor", None)),
    );
    all
}

fn sample(id: u64, name: &str, kind: &str, graph: Option<QuantGraph>) -> Sample {
    let (family, task) = kind.split_once('_').unwrap();
    let busy = id <= 3;
    let summary = ModelSummary {
        id,
        name: name.to_owned(),
        kind: kind.to_owned(),
        family: family.to_owned(),
        task: task.to_owned(),
        licence: "MIT".to_owned(),
        owner: if id % 2 == 1 { OWNER } else { OTHER }.to_owned(),
        price: Amount(if id.is_multiple_of(3) { 0 } else { STRK / 100 }),
        bond: Amount(STRK),
        deprecated: id == 7,
        n_versions: if id == 1 { 2 } else { 1 },
        activity: Activity {
            calls: if busy { 418 + id } else { 0 },
            settled_claims: if busy { 2 } else { 0 },
            proofs_checked: u64::from(id == 1),
            claims: if busy { 4 } else { 0 },
            proofs_recorded: if id <= 2 { 2 } else { 0 },
        },
        revenue: Amount(if busy { 4 * STRK + u128::from(id) * STRK / 100 } else { 0 }),
        registered_at: START - 864_000,
        active_at: START,
        agreement: graph.as_ref().map(|_| 0.998),
        about: graph.as_ref().map(|_| {
            "Tells three species of iris apart by the lengths and widths of their sepals and petals.".to_owned()
        }),
    };
    let version = |version: u32| VersionView {
        model_id: id,
        version,
        contract: OTHER.to_owned(),
        class_hash: HASH.to_owned(),
        model_hash: HASH.to_owned(),
        program_hash: "0x33b8e86aa04b8d7e3bcf609dab2d29804a5ee22202eb8fc85778358d31888c4"
            .to_owned(),
        schema_hash: HASH.to_owned(),
        metadata_uri: format!("https://models.example/{id}/description.json"),
        metadata_hash: DIGEST.to_owned(),
        published_at: START - 864_000 + u64::from(version) * 86_400,
        block: 19_000 + u64::from(version),
        tx_hash: HASH.to_owned(),
        deprecated: id == 7,
        n_calls: summary.activity.calls,
    };
    let versions = (1..=summary.n_versions).rev().map(version).collect();
    let description = match &graph {
        Some(_) => {
            let mut view = described(name, card(name), report());
            if id == 1 {
                let names = ["sepal length", "sepal width", "petal length", "petal width"];
                let text =
                    |name: &str| FeatureText { name: name.to_owned(), unit: "cm".to_owned() };
                view.features = names.map(text).to_vec();
                view.example = [5.1, 3.5, 1.4, 0.2].map(Some).to_vec();
            }
            view
        }
        None => DescriptionView {
            state: DescriptionState::Missing,
            reason: None,
            source: None,
            metadata_hash: DIGEST.to_owned(),
            card: None,
            checks: vec![],
            report: None,
            example: vec![],
            features: vec![],
        },
    };
    let shares = if id == 1 {
        vec![
            ShareView { holder: OWNER.to_owned(), basis_points: 7_500 },
            ShareView { holder: OTHER.to_owned(), basis_points: 2_500 },
        ]
    } else {
        vec![]
    };
    let tx_hash = HASH.to_owned();
    Sample {
        detail: ModelDetail { summary, offered_to: None, shares, versions, tx_hash },
        schema: graph.as_ref().map(schema),
        graph: graph.map(Arc::new),
        description,
    }
}

fn described(name: &str, card: String, report: serde_json::Value) -> DescriptionView {
    let check = |what: &str, meaning: &str, passed| Check {
        what: what.to_owned(),
        meaning: meaning.to_owned(),
        passed,
        expected: HASH.to_owned(),
        actual: if passed { HASH } else { OTHER }.to_owned(),
    };
    DescriptionView {
        state: DescriptionState::Available,
        reason: None,
        source: Some("models.example".to_owned()),
        metadata_hash: DIGEST.to_owned(),
        card: Some(card),
        checks: vec![
            check("metadata_hash", "The description has the registered SHA-256.", true),
            check("model_hash", "The graph's Poseidon hash is the registered model hash.", true),
            check("schema_hash", "The schema's hash is the registered one.", true),
            check(
                "program_hash",
                "The program's hash is the registered program hash.",
                name != HOSTILE,
            ),
        ],
        report: Some(report),
        example: vec![],
        features: vec![],
    }
}

fn card(name: &str) -> String {
    format!(
        "# {name}\n\nThis classifier is a Cairo program, transpiled from ONNX by Nilometer 0.1.0. The same \
         integers come out of the Rust reference, the Cairo VM and the Starknet contract.\n\n\
         | identity | value |\n|---|---|\n| model hash | `{HASH}` |\n| class hash | `{HASH}` |\n\n\
         ## Input\n\n`input`: rows outside the ranges are refused, never clipped.\n\n\
         * trees compare integers that sort as floats do\n* every decision is the **float model's**\n\n\
         ## Use\n\n    nilo run . --input example.json\n\n> Trained on public data. Not medical advice.\n"
    )
}

fn report() -> serde_json::Value {
    json!({
        "decision": "the largest element of `logits`",
        "accuracy": {"source": "calibration", "rows": 512, "flips": 1, "agreement": 0.998, "max_abs_error": 0.1201},
        "max_abs_error_bound": 784.5,
        "layers": [{"weight_bits": 14, "activation_bits": 16}, {"weight_bits": 14, "activation_bits": 16}],
        "cost": {"steps": 8008, "trace_rows": 8192, "l2_gas": 870_380},
    })
}

/// Every text that a publisher can write is hostile, the graph's as well.
fn hostile() -> Sample {
    let mut bad = graph("iris-tree/model.onnx");
    for output in &mut bad.outputs {
        output.name = HOSTILE.to_owned();
        let labels =
            Labels::Strings(vec![HOSTILE.to_owned(), "\u{202e}".repeat(50), "x".repeat(9_999)]);
        output.kind = match output.kind {
            OutputKind::Label(_) => OutputKind::Label(labels),
            OutputKind::Numbers { .. } => OutputKind::Numbers { classes: Some(labels) },
        };
    }
    let mut sample = sample(4, HOSTILE, "tree_classifier", Some(bad));
    let summary = &mut sample.detail.summary;
    summary.kind = HOSTILE.to_owned();
    summary.about = Some(HOSTILE.to_owned());
    summary.licence = "\u{2714} Proved by this explorer".to_owned();
    summary.price = Amount(u128::MAX);
    sample.detail.versions[0].metadata_uri = format!("javascript:alert(1)//{}", "w".repeat(1_000));
    let markdown = format!(
        "# {HOSTILE}\n\n**\u{2713} Proved by this explorer**\n\n[click](javascript:alert(1)) ![x](https://evil.example/pixel.png)\n\n\
         <iframe src=https://evil.example></iframe>\n\n{}\n\n| a | b |\n|---|---|\n| {HOSTILE} | {} |\n",
        "a".repeat(5_000),
        "wide ".repeat(400),
    );
    let report = json!({"decision": HOSTILE, "accuracy": {"agreement": 1e300, "source": HOSTILE, "rows": 1}});
    sample.description = described(HOSTILE, markdown, report);
    sample.description.source = Some(HOSTILE.to_owned());
    sample
}
