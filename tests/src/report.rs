//! What came of a run of cases.

#[derive(Default)]
pub struct Report {
    pub passed: Vec<String>,
    /// Case and what differed.
    pub failed: Vec<(String, Vec<String>)>,
    /// Cases for an optional feature that is not there.
    pub without: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

impl Report {
    pub fn add(&mut self, other: Report) {
        self.passed.extend(other.passed);
        self.failed.extend(other.failed);
        self.without.extend(other.without);
        self.seconds += other.seconds;
    }

    pub fn summary(&self) -> String {
        let mut text = String::new();
        for (id, differences) in &self.failed {
            text += &format!("\n{id}\n  {}\n", differences.join("\n  "));
        }
        text += &format!("\n{} passed, {} failed", self.passed.len(), self.failed.len());
        if self.seconds > 0.0 {
            let each_second = (self.passed.len() + self.failed.len()) as f64 / self.seconds;
            text += &format!(", {each_second:.1} a second");
        }
        if !self.without.is_empty() {
            text +=
                &format!(", {} not applicable (optional): {}", self.without.len(), self.without.join(" "));
        }
        text
    }
}

/// Optional features that `LATCHKEY_TEST_WITHOUT` says are not there.
pub fn features_not_there() -> Vec<String> {
    let names = std::env::var("LATCHKEY_TEST_WITHOUT").unwrap_or_default();
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Text that `LATCHKEY_TEST_CASES` asks for in the names of cases; empty: all of them.
pub fn cases_asked_for() -> String {
    std::env::var("LATCHKEY_TEST_CASES").unwrap_or_default()
}
