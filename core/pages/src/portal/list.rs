//! A list that can be searched, 50 a page.

use super::words::Services as Words;
use crate::Frame;
use crate::parts::blocks::{Block, Pages};
use crate::parts::fields::FormBlock;
use crate::parts::table::Table;
use crate::parts::{Field, Input, Paging};
use crate::words::Common;

/// The search, the table, and where the others are; `empty` where there is nothing at all.
pub(super) fn list<'a>(
    frame: &Frame<'_>,
    path: &'static str,
    paging: &'a Paging<'a>,
    table: Table<'a>,
    empty: Block<'a>,
) -> Vec<Block<'a>> {
    if table.rows.is_empty() && paging.search.is_empty() {
        return vec![empty];
    }
    let (words, common) = (Words::of(frame.language), Common::of(frame.language));
    let search = Field {
        input: Input::Line("search"),
        is_required: false,
        ..Field::line("q", common.search, paging.search)
    };
    let found = match table.rows.is_empty() {
        true => Block::Empty(words.none_found.into(), None),
        false => Block::Table(table),
    };
    vec![
        Block::Form(FormBlock::get(common, path, common.search, vec![search])),
        found,
        Block::Pages(Pages { paging, words: common }),
    ]
}
