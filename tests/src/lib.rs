//! Whole-program tests, over sockets, against any deployed form of Latchkey.
