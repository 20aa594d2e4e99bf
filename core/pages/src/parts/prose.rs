//! Markdown that people wrote, as HTML: CommonMark, of which raw HTML is shown as the text that it is, images
//! are links, and links lead to `http`, `https` and `mailto` alone.

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag};

/// Elements within each other, at most; what is deeper is text.
const DEPTH_MAX: usize = 12;

/// Markdown as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prose {
    html: String,
    /// Whether something of it was left out.
    pub(crate) is_cut: bool,
}

impl Prose {
    /// Renders a text under a heading of a level: its own headings follow on that, and are strong text where
    /// there is none that could. About `max` bytes of HTML
    /// at most, and no more of the text is read.
    pub(crate) fn of(text: &str, under: u8, max: usize) -> Self {
        let read = &text[..text.floor_char_boundary(max)];
        let mut writer = Writer { html: String::new(), open: Vec::new(), deeper: 0, under, last: under };
        let mut is_cut = read.len() < text.len();
        for event in Parser::new(read) {
            if writer.html.len() >= max {
                is_cut = true;
                break;
            }
            writer.take(event, max);
        }
        while !writer.open.is_empty() {
            writer.end();
        }
        Prose { html: writer.html, is_cut }
    }

    /// What is shown, safe to be put into a page.
    pub(crate) fn html(&self) -> &str {
        &self.html
    }
}

/// An element that is open.
struct Open {
    /// How it ends.
    end: String,
    /// Where in the HTML its content begins.
    start: usize,
    /// What it says where it has no content: a link or heading must say something.
    otherwise: String,
    is_link: bool,
}

struct Writer {
    html: String,
    open: Vec<Open>,
    /// Elements that are open and not shown, as they are too deep.
    deeper: usize,
    /// Level of the heading above all.
    under: u8,
    /// Level of the heading last shown.
    last: u8,
}

impl Writer {
    fn take(&mut self, event: Event<'_>, max: usize) {
        match event {
            Event::Start(tag) if self.deeper > 0 || self.open.len() >= DEPTH_MAX => {
                self.deeper += 1;
                drop(tag);
            }
            Event::Start(tag) => self.start(&tag),
            Event::End(_) if self.deeper > 0 => self.deeper -= 1,
            Event::End(_) => self.end(),
            Event::Code(text) => {
                self.html.push_str("<code>");
                self.text(&text, max);
                self.html.push_str("</code>");
            }
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text, max),
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        let (start, end): (String, String) = match tag {
            Tag::Paragraph | Tag::HtmlBlock => element("p"),
            Tag::Heading { .. } if self.under >= 6 => ("<p><strong>".into(), "</strong></p>".into()),
            Tag::Heading { level, .. } => element(&format!("h{}", self.level(*level))),
            Tag::BlockQuote(_) => element("blockquote"),
            Tag::CodeBlock(_) => ("<pre><code>".into(), "</code></pre>".into()),
            Tag::List(Some(first)) => (format!(r#"<ol start="{first}">"#), "</ol>".into()),
            Tag::List(None) => element("ul"),
            Tag::Item => element("li"),
            Tag::Emphasis => element("em"),
            Tag::Strong => element("strong"),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => return self.link(dest_url),
            _ => (String::new(), String::new()),
        };
        self.html.push_str(&start);
        let otherwise = if matches!(tag, Tag::Heading { .. }) { "…" } else { "" };
        self.push(end, otherwise, false);
    }

    fn push(&mut self, end: String, otherwise: &str, is_link: bool) {
        let otherwise = otherwise.to_owned();
        self.open.push(Open { end, start: self.html.len(), otherwise, is_link });
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if self.html.len() == open.start {
            self.text(&open.otherwise, usize::MAX);
        }
        self.html.push_str(&open.end);
    }

    /// A link; within another, or to where none may lead, its text alone.
    fn link(&mut self, to: &str) {
        let is_within = self.open.iter().any(|open| open.is_link);
        let is_link = !is_within && leads_where_links_may(to);
        let mut end = String::new();
        if is_link {
            self.html.push_str(r#"<a rel="noopener nofollow" href=""#);
            self.text(to, usize::MAX);
            self.html.push_str(r#"">"#);
            end.push_str("</a>");
        }
        self.push(end, if is_link { to } else { "" }, is_link);
    }

    /// The level that a heading is shown at: none is left out on the way down.
    fn level(&mut self, level: HeadingLevel) -> u8 {
        let level = self.under.saturating_add(level as u8);
        self.last = level.min(self.last + 1).min(6);
        self.last
    }

    fn text(&mut self, text: &str, max: usize) {
        for character in text.chars() {
            if self.html.len() >= max {
                return;
            }
            match character {
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '&' => self.html.push_str("&amp;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                _ => self.html.push(character),
            }
        }
    }
}

fn element(name: &str) -> (String, String) {
    (format!("<{name}>"), format!("</{name}>"))
}

fn leads_where_links_may(to: &str) -> bool {
    let scheme = to.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| matches!(scheme.as_str(), "http" | "https" | "mailto"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        Prose::of(text, 2, 10_000).html().to_owned()
    }

    #[test]
    fn html_is_text() {
        assert_eq!(html("a <b onclick=x>c</b>"), "<p>a &lt;b onclick=x&gt;c&lt;/b&gt;</p>");
        let block = html("<script>alert(1)</script>\n\n`<i>`\n\n    <u>");
        assert!(!block.contains("<script") && !block.contains("<i>") && !block.contains("<u>"), "{block}");
    }

    #[test]
    fn links_lead_where_they_may_and_images_are_links() {
        assert_eq!(
            html("[a](https://x.example/\"q) ![b](HTTP://x.example/b.png)"),
            "<p><a rel=\"noopener nofollow\" href=\"https://x.example/&quot;q\">a</a> <a rel=\"noopener nofollow\" href=\"HTTP://x.example/b.png\">b</a></p>"
        );
        for to in ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,a", "/portal", "#a", "//x"] {
            assert_eq!(html(&format!("[a]({to})")), "<p>a</p>", "{to}");
        }
        assert_eq!(
            html("![](https://x.example/b)"),
            "<p><a rel=\"noopener nofollow\" href=\"https://x.example/b\">https://x.example/b</a></p>"
        );
        let nested = html("[![a](https://x.example/a)](https://x.example/b)");
        assert_eq!(nested, "<p><a rel=\"noopener nofollow\" href=\"https://x.example/b\">a</a></p>");
        assert_eq!(
            html("<mailto:a@x.example>"),
            "<p><a rel=\"noopener nofollow\" href=\"mailto:a@x.example\">mailto:a@x.example</a></p>"
        );
    }

    #[test]
    fn no_level_of_headings_is_left_out() {
        assert_eq!(html("### a\n# b\n###### c"), "<h3>a</h3><h3>b</h3><h4>c</h4>");
        assert_eq!(Prose::of("# a", 6, 100).html(), "<p><strong>a</strong></p>");
    }

    #[test]
    fn what_is_shown_is_bounded_and_whole() {
        for hostile in ["> ".repeat(50_000), "- ".repeat(50_000), "*a ".repeat(50_000), "<".repeat(100_000)] {
            let prose = Prose::of(&hostile, 2, 1_000);
            assert!(prose.is_cut && prose.html().len() < 1_600, "{}", prose.html().len());
            let (starts, ends) = (prose.html().matches("<p>"), prose.html().matches("</p>"));
            assert_eq!(starts.count(), ends.count());
        }
        assert!(Prose::of(&"![".repeat(50_000), 2, 1_000).html().len() < 1_600);
        let deep = html(&format!("{}a", "> ".repeat(100)));
        assert_eq!(deep.matches("<blockquote>").count(), DEPTH_MAX);
    }
}
