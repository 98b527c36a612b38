//! Budgets of compressed networks.

use automl_arch::Cost;
use serde::{Deserialize, Serialize};

/// Caps on parameters and multiply-accumulates of one image; `None` for no cap.
///
/// # Examples
/// ```
/// use automl_compress::Budget;
///
/// let budget = Budget { parameters: Some(10_000), macs: None };
/// assert_eq!(budget.to_string(), "10000 parameters");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// The most parameters.
    pub parameters: Option<u64>,
    /// The most multiply-accumulates.
    pub macs: Option<u64>,
}

impl Budget {
    /// `true` if a network keeps within the caps.
    pub fn allows(&self, cost: &Cost) -> bool {
        self.parameters.is_none_or(|most| cost.parameters <= most)
            && self.macs.is_none_or(|most| cost.macs <= most)
    }

    /// The caps after a share of the way from a cost to these, in equal ratios:
    /// cost (cap / cost)^share.
    pub fn on_the_way(&self, cost: &Cost, share: f64) -> Self {
        let between = |most: Option<u64>, now: u64| {
            let most = most?;
            let ratio = most as f64 / now.max(1) as f64;
            if share >= 1.0 || ratio >= 1.0 {
                return Some(most);
            }
            Some((now as f64 * ratio.powf(share)).ceil() as u64)
        };
        Self {
            parameters: between(self.parameters, cost.parameters),
            macs: between(self.macs, cost.macs),
        }
    }
}

impl std::fmt::Display for Budget {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            self.parameters.map(|most| format!("{most} parameters")),
            self.macs.map(|most| format!("{most} multiply-accumulates")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        out.write_str(&if parts.is_empty() { "no cap".into() } else { parts.join(" and ") })
    }
}
