//! axe-core, which looks for what keeps people out of a page.

use serde_json::{Value, json};

use super::SET_UP;
use super::window::Window;

/// Names the file `axe.min.js`.
pub const AXE_VARIABLE: &str = "LATCHKEY_AXE";

/// It is in every page that the window opens from now on, beside the page's own scripts.
pub struct Axe<'w>(&'w Window);

impl<'w> Axe<'w> {
    pub fn within(window: &'w Window) -> Self {
        let path = std::env::var_os(AXE_VARIABLE)
            .unwrap_or_else(|| panic!("{AXE_VARIABLE} must name the file axe.min.js: {SET_UP}"));
        let source =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}: {SET_UP}"));
        window.ask_browser("Page.addScriptToEvaluateOnNewDocument", &json!({"source": source}));
        Self(window)
    }

    /// What is wrong with the page that is shown, each with the elements that it is wrong with.
    pub fn violations(&self) -> Vec<String> {
        let found = self.0.run_later(
            "const done = arguments[arguments.length - 1];
            const told = (node) => `\n    ${node.html}\n      ${node.failureSummary.replaceAll('\\n', ' ')}`;
            axe.run(document, { resultTypes: ['violations'] }).then(
              (found) => done(found.violations.map((one) => `${one.id}: ${one.help}${one.nodes.map(told).join('')}`)),
              (error) => done([String(error)]));",
            &[],
        );
        let text = |one: &Value| one.as_str().unwrap_or_default().to_owned();
        found.as_array().unwrap_or_else(|| panic!("axe found no list: {found}")).iter().map(text).collect()
    }
}
