//! Sign-up, log-in, and where links of mails lead.

use super::Shelf;
use crate::parts::Typed;
use crate::portal::{
    EndedLink, Forgot, LinkEnded, LogIn, LogInAgain, LogInFault, LogInLinkSent, LookIntoMail, MailedLink,
    Mailing, ResendVerification, Reset, ShowCode, SignUp,
};
use crate::sample::Sample;

const MAILINGS: [(&str, &str, Mailing); 5] = [
    ("verify", "verify-ended", Mailing::Verify),
    ("log-in-by-link", "log-in-by-link-ended", Mailing::LogIn),
    ("confirm-address", "confirm-address-ended", Mailing::ConfirmAddress),
    ("revert-address", "revert-address-ended", Mailing::RevertAddress),
    ("not-me", "not-me-ended", Mailing::NotMe),
];

pub(super) fn all(shelf: &Shelf<'_>) -> Vec<Sample> {
    let mut samples = sign_up(shelf);
    samples.extend(log_in(shelf));
    samples.extend(mailed(shelf));
    samples.extend(passwords(shelf));
    samples
}

fn sign_up(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (blank, wrong) = (shelf.meta(Typed::default()), shelf.meta(shelf.wrong()));
    let page = SignUp {
        frame: shelf.outside,
        meta: &blank,
        email: Typed::default(),
        password_fault: None,
        password_min: 12,
        wait: None,
    };
    let faulty = SignUp { meta: &wrong, email: shelf.wrong(), password_fault: Some(shelf.text), ..page };
    vec![
        shelf.sample("sign-up", &page),
        shelf.sample("sign-up-no-fields", &SignUp { meta: &[], ..page }),
        shelf.sample("sign-up-wrong", &faulty),
        shelf.sample("sign-up-too-many", &SignUp { email: shelf.typed(), wait: Some(8), ..page }),
    ]
}

fn log_in(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text) = (shelf.outside, shelf.text);
    let page = LogIn {
        frame,
        email: "",
        fault: None,
        link: Typed::default(),
        return_to: Some(text),
        has_mail: true,
        has_links: true,
    };
    let sent = |code| LogInLinkSent { frame, code, return_to: Some(text) };
    let again = LogInAgain {
        frame: shelf.frame,
        email: text,
        return_to: "/portal/account",
        fault: None,
        has_links: true,
    };
    let failed = |fault| LogIn { email: text, fault: Some(fault), ..page };
    let bare = LogIn { return_to: None, has_mail: false, has_links: false, ..page };
    let again_wrong = LogInAgain { fault: Some(LogInFault::Wrong), has_links: false, ..again };
    vec![
        shelf.sample("log-in", &page),
        shelf.sample("log-in-wrong", &failed(LogInFault::Wrong)),
        shelf.sample("log-in-too-many", &failed(LogInFault::TooMany(8))),
        shelf.sample("log-in-no-mail", &bare),
        shelf.sample("log-in-no-address", &LogIn { link: shelf.wrong(), ..page }),
        shelf.sample("log-in-link-sent", &sent(Typed::default())),
        shelf.sample("log-in-link-sent-wrong", &sent(shelf.wrong())),
        shelf.sample("code", &ShowCode { frame, code: text }),
        shelf.sample("log-in-again", &again),
        shelf.sample("log-in-again-wrong", &again_wrong),
        shelf.sample("log-in-again-too-many", &LogInAgain { fault: Some(LogInFault::TooMany(8)), ..again }),
    ]
}

fn mailed(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, token) = (shelf.outside, shelf.text);
    let mut samples = Vec::new();
    for (name, ended, mailing) in MAILINGS {
        let link = EndedLink::Mailed(mailing);
        samples.push(shelf.sample(name, &MailedLink { frame, token, mailing }));
        samples.push(shelf.sample(ended, &LinkEnded { frame, link }));
    }
    samples.push(shelf.sample("look-into-mail", &LookIntoMail { frame }));
    let resend = |email| ResendVerification { frame, email };
    samples.push(shelf.sample("resend", &resend(Typed::default())));
    samples.push(shelf.sample("resend-wrong", &resend(shelf.wrong())));
    samples
}

fn passwords(shelf: &Shelf<'_>) -> Vec<Sample> {
    let frame = shelf.outside;
    let forgot = |email| Forgot { frame, email };
    let reset = Reset { frame, token: shelf.text, password_fault: None, again_fault: None, password_min: 12 };
    let wrong = Reset { password_fault: Some(shelf.text), again_fault: Some(shelf.text), ..reset };
    vec![
        shelf.sample("forgot", &forgot(Typed::default())),
        shelf.sample("forgot-wrong", &forgot(shelf.wrong())),
        shelf.sample("reset", &reset),
        shelf.sample("reset-wrong", &wrong),
        shelf.sample("reset-ended", &LinkEnded { frame, link: EndedLink::Reset }),
    ]
}
