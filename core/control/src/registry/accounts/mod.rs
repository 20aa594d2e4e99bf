//! Accounts of developers: sign-up, sessions, passwords, addresses.
