//! Bounds on what a request from outside may cost, each with its unit and reason.

/// Bytes of a request body searched for a key unless a setting says otherwise.
/// Kong searches what nginx holds in memory, 8 KiB, and misses longer ones in silence;
/// 1 MiB covers ordinary JSON and forms, and fits many times into a Worker's 128 MB.
pub const BODY_SEARCH_BYTES_DEFAULT: usize = 1024 * 1024;

/// Parts in one multipart body. Kong looks at 100 form fields; see also GHSA-8645-p2v4-73r2.
pub const MULTIPART_PARTS_MAX: usize = 100;

/// Bytes of header in one part, its blank line not counted.
/// The usual bound for all the headers of a request (nginx, Apache).
pub const MULTIPART_PART_HEADER_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a multipart boundary (RFC 2046 §5.1.1).
pub const MULTIPART_BOUNDARY_BYTES_MAX: usize = 70;

/// Objects and arrays open at once in a JSON body, the outermost included.
/// Half of what `serde_json` reads, far above what requests nest.
pub const JSON_DEPTH_MAX: usize = 64;
