//! The publisher's accuracy report in words. All of it is claimed, not checked.

use serde_json::Value;

use super::parts;

/// A term and its value in the report.
pub(super) type Fact = (&'static str, String);

/// The facts of a report that people ask for.
pub(super) fn facts(report: Option<&Value>) -> Vec<Fact> {
    let Some(report) = report else { return Vec::new() };
    let mut facts: Vec<Fact> = Vec::new();
    let accuracy = &report["accuracy"];
    if let Some(agreement) =
        accuracy["agreement"].as_f64().filter(|share| (0.0..=1.0).contains(share))
    {
        let mut text = parts::percent(agreement);
        if let Some(rows) = accuracy["rows"].as_u64() {
            let source = accuracy["source"].as_str().map(parts::plain).unwrap_or_default();
            text = format!("{text} of {} {source} rows", parts::count(rows));
        }
        facts.push(("Decides as the float model", text));
    }
    if let Some(flips) = accuracy["flips"].as_u64() {
        facts.push(("Rows that flip", parts::count(flips)));
    }
    let mut numbers = |term, value: &Value, unit: &str| {
        if let Some(value) = value.as_f64().filter(|value| value.is_finite()) {
            facts.push((term, format!("{}{unit}", parts::number(value))));
        }
    };
    numbers("Largest error seen", &accuracy["max_abs_error"], "");
    numbers("Proved error bound", &report["max_abs_error_bound"], "");
    let list = |key: &str| {
        let layers = report["layers"].as_array()?;
        let bits: Vec<_> = layers.iter().take(16).filter_map(|layer| layer[key].as_u64()).collect();
        (!bits.is_empty()).then(|| bits.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
    };
    let bits = [("Weight bits", "weight_bits"), ("Activation bits", "activation_bits")];
    facts.extend(bits.into_iter().filter_map(|(term, key)| Some((term, list(key)?))));
    let cost = &report["cost"];
    let whole = [
        ("Steps", &cost["steps"]),
        ("Proof rows", &cost["trace_rows"]),
        ("L2 gas", &cost["l2_gas"]),
    ];
    facts.extend(
        whole.into_iter().filter_map(|(term, value)| Some((term, parts::count(value.as_u64()?)))),
    );
    facts
}

/// How good the model is compared with the float model, in a sentence.
pub(super) fn quality(report: Option<&Value>) -> Option<String> {
    let accuracy = &report?["accuracy"];
    let share = accuracy["agreement"].as_f64().filter(|share| (0.0..=1.0).contains(share))?;
    let rows = accuracy["rows"].as_u64().map(|rows| format!(" on {} rows", parts::count(rows)));
    let share = parts::percent(share);
    Some(format!(
        "decides as the original float model in {share} of cases{}",
        rows.unwrap_or_default()
    ))
}

/// How the model decides, as the report says.
pub(super) fn decision(report: Option<&Value>) -> Option<String> {
    report?["decision"].as_str().map(|text| parts::plain(&text.replace('`', "")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reports_are_read_with_care() {
        let report = json!({
            "accuracy": {"agreement": 0.995, "rows": 512, "source": "calibration", "max_abs_error": 0.25},
            "max_abs_error_bound": null,
            "layers": [{"weight_bits": 14}, {"weight_bits": "x"}],
            "cost": {"steps": 8008},
        });
        let facts = facts(Some(&report));
        let said: Vec<_> = facts.iter().map(|(term, text)| format!("{term}: {text}")).collect();
        assert_eq!(
            said,
            [
                "Decides as the float model: 99.5% of 512 calibration rows",
                "Largest error seen: 0.25",
                "Weight bits: 14",
                "Steps: 8,008",
            ]
        );
    }

    #[test]
    fn anything_is_a_report() {
        for report in
            [json!(null), json!([]), json!("x"), json!({"accuracy": 3, "layers": {"a": 1}})]
        {
            assert_eq!(facts(Some(&report)), []);
        }
    }
}
