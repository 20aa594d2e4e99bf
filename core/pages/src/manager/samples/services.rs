//! Services, routes, plugins, and which route a request matches.

use super::{NOW, Shelf};
use crate::manager::{
    AskedRequest, Candidate, ContractRow, Document, Looked, MatchRequest, Miss, Plugin, PluginCards,
    PluginForm, PluginRow, Preview, RouteFields, RouteNew, RoutePage, RouteRow, Routes, Service,
    ServiceContracts, ServiceDetails, ServiceDocument, ServiceFields, ServiceNew, ServicePlugins,
    ServiceRoutes, ServiceRow, Services, Warning, plugin_field,
};
use crate::parts::State;
use crate::parts::Typed;
use crate::parts::{Field, Input};
use crate::sample::Sample;

pub(super) fn all(shelf: &Shelf<'_>) -> Vec<Sample> {
    let mut samples = lists(shelf);
    samples.extend(one_service(shelf));
    samples.extend(document(shelf));
    samples.extend(one_route(shelf));
    samples.extend(plugins(shelf));
    samples.extend(matching(shelf));
    samples
}

fn lists(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text) = (shelf.frame, shelf.text);
    let names = [text, text];
    let service =
        ServiceRow { id: text, name: text, url: text, routes: 2, plugins: &names, is_enabled: true };
    let long = ServiceRow { name: shelf.long, url: shelf.long, plugins: &[], is_enabled: false, ..service };
    let services = [service, long];
    let routes = routes(shelf, &names);
    let wrong = ServiceFields {
        name: shelf.wrong(),
        url: shelf.wrong(),
        fault: Some(text),
        ..ServiceFields::default()
    };
    let new = |fields| ServiceNew { frame, fields, nonce: text };
    let listed = |services, paging| Services { frame, services, paging };
    let routed = |routes, paging| Routes { frame, routes, paging, can_match: true };
    vec![
        shelf.sample("services", &listed(&services, shelf.one_page())),
        shelf.sample("services-middle", &listed(&services, shelf.middle())),
        shelf.sample("services-empty", &listed(&[], shelf.one_page())),
        shelf.sample("services-none-found", &listed(&[], shelf.middle())),
        shelf.sample("service-new", &new(ServiceFields::default())),
        shelf.sample("service-new-wrong", &new(wrong)),
        shelf.sample("routes", &routed(&routes, shelf.middle())),
        shelf.sample("routes-empty", &routed(&[], shelf.one_page())),
    ]
}

fn routes<'a>(shelf: &Shelf<'a>, texts: &'a [&'a str]) -> [RouteRow<'a>; 2] {
    let text = shelf.text;
    let service = Some(shelf.thing);
    let route = RouteRow { id: text, name: text, service, methods: texts, hosts: texts, paths: texts };
    [route, RouteRow { name: shelf.long, service: None, methods: &[], hosts: &[], ..route }]
}

fn service<'a>(shelf: &Shelf<'a>) -> Service<'a> {
    Service { id: shelf.text, name: shelf.text, url: shelf.text, is_enabled: true }
}

fn one_service(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text, service) = (shelf.frame, shelf.text, service(shelf));
    let typed = shelf.typed();
    let fields = ServiceFields {
        name: typed,
        url: typed,
        retries: typed,
        connect_timeout: typed,
        write_timeout: shelf.wrong(),
        read_timeout: typed,
        fault: Some(text),
    };
    let suspended = Service { is_enabled: false, name: shelf.long, ..service };
    let texts = [text];
    let routes = routes(shelf, &texts);
    let plugins = [
        PluginRow { plugin: Plugin::KeyAuth, is_enabled: true },
        PluginRow { plugin: Plugin::ApplicationRegistration, is_enabled: false },
    ];
    let contract = ContractRow {
        id: text,
        application: shelf.thing,
        service: shelf.thing,
        state: State::Active,
        since: NOW,
        reason: None,
    };
    let contracts = |contracts| ServiceContracts { frame, service, contracts, paging: shelf.one_page() };
    vec![
        shelf.sample("service", &ServiceDetails { frame, service, fields: ServiceFields::default() }),
        shelf.sample("service-suspended", &ServiceDetails { frame, service: suspended, fields }),
        shelf.sample("service-routes", &ServiceRoutes { frame, service, routes: &routes }),
        shelf.sample("service-routes-empty", &ServiceRoutes { frame, service, routes: &[] }),
        shelf.sample("service-plugins", &ServicePlugins { frame, service, plugins: &plugins }),
        shelf.sample("service-plugins-empty", &ServicePlugins { frame, service, plugins: &[] }),
        shelf.sample("service-contracts", &contracts(&[contract])),
        shelf.sample("service-contracts-empty", &contracts(&[])),
    ]
}

fn document(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text, service) = (shelf.frame, shelf.text, service(shelf));
    let problems = [text, text];
    let whole = Document { name: text, version: text, uploaded: NOW, bytes: 4096, problems: &[] };
    let faulty = Document { problems: &problems, ..whole };
    let page = |document, fault| ServiceDocument { frame, service, document, fault };
    vec![
        shelf.sample("service-document", &page(Some(whole), None)),
        shelf.sample("service-document-problems", &page(Some(faulty), None)),
        shelf.sample("service-document-empty", &page(None, None)),
        shelf.sample("service-document-wrong", &page(None, Some(text))),
    ]
}

fn one_route(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, typed) = (shelf.frame, shelf.typed());
    let services = [shelf.thing];
    let stored = RouteFields {
        name: typed,
        service: typed,
        methods: typed,
        hosts: typed,
        paths: typed,
        headers: typed,
        strip_path: true,
        preserve_host: false,
        fault: None,
    };
    let wrong =
        RouteFields { paths: shelf.wrong(), headers: shelf.wrong(), fault: Some(shelf.text), ..stored };
    let new = |fields| RouteNew { frame, fields, services: &services, nonce: shelf.text };
    let page = |fields| RoutePage { frame, route: shelf.thing, fields, services: &services, can_match: true };
    vec![
        shelf.sample("route-new", &new(stored)),
        shelf.sample("route-new-wrong", &new(wrong)),
        shelf.sample("route", &page(stored)),
        shelf.sample("route-wrong", &page(wrong)),
    ]
}

/// A field of each kind, as they are made from the table of a plugin.
fn settings<'a>(shelf: &Shelf<'a>) -> Vec<Field<'a>> {
    let of = |name, value, input| {
        let (label, help) = plugin_field(shelf.frame.language, Plugin::KeyAuth, name).unwrap_or_default();
        Field { help: Some(help), input, is_required: false, ..Field::line(name, label, value) }
    };
    let mut fields = vec![
        of("key_names", shelf.text, Input::Lines),
        of("key_in_header", "true", Input::Tick),
        of("key_in_query", "", Input::Tick),
        of("anonymous", shelf.text, Input::Line("text")),
    ];
    fields.push(Field { fault: Some(shelf.text), ..of("realm", shelf.text, Input::Line("text")) });
    fields
}

fn plugins(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, service, text) = (shelf.frame, shelf.thing, shelf.text);
    let fields = settings(shelf);
    let new = PluginForm {
        frame,
        plugin: Plugin::KeyAuth,
        service,
        is_there: false,
        is_enabled: true,
        fields: &fields[..4],
        fault: None,
        warnings: &[],
        preview: None,
        waiting: 0,
        nonce: text,
    };
    let stored = PluginForm {
        is_there: true,
        warnings: &[Warning::KeyInQuery, Warning::KeyInBody, Warning::Preflight, Warning::Anonymous],
        preview: Some(Preview { refusal: Some(text), call: text }),
        ..new
    };
    let wrong = PluginForm { fields: &fields, fault: Some(text), ..new };
    let registration =
        PluginForm { plugin: Plugin::ApplicationRegistration, waiting: 12, is_enabled: false, ..stored };
    let cards = |there| PluginCards { frame, service, there };
    vec![
        shelf.sample("plugin-cards", &cards(&[])),
        shelf.sample("plugin-cards-there", &cards(&[Plugin::KeyAuth])),
        shelf.sample("key-auth-new", &new),
        shelf.sample("key-auth-wrong", &wrong),
        shelf.sample("key-auth", &stored),
        shelf.sample("application-registration", &registration),
    ]
}

fn matching(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, typed) = (shelf.frame, shelf.typed());
    let asked = AskedRequest { method: typed, is_https: true, host: typed, path: typed, headers: typed };
    let misses = [
        Miss::Method,
        Miss::Host,
        Miss::Path,
        Miss::Header(shelf.text),
        Miss::Sni,
        Miss::Suspended,
        Miss::Stream,
        Miss::FewerConditions,
        Miss::WildcardHost,
        Miss::FewerHeaders,
        Miss::NoRegex,
        Miss::Priority,
        Miss::ShorterPath,
        Miss::Younger,
    ];
    let other = Candidate { route: shelf.thing, service: Some(shelf.thing), misses: &misses };
    let found = Candidate { misses: &[], service: None, ..other };
    let others = [other, Candidate { service: None, ..other }];
    let sent_to = Some(shelf.text);
    let plugins = [shelf.text, shelf.text];
    let hit = Looked {
        is_answered_by_gateway: false,
        found: Some(found),
        needs_https: true,
        sent_to,
        plugins: &plugins,
        others: &others,
        left_out: 3,
    };
    let miss = Looked { found: None, needs_https: false, sent_to: None, plugins: &[], left_out: 0, ..hit };
    let own = Looked { is_answered_by_gateway: true, others: &[], ..miss };
    let blank = Typed::default();
    let nothing = AskedRequest { method: blank, is_https: false, host: blank, path: blank, headers: blank };
    let wrong = AskedRequest { path: shelf.wrong(), ..asked };
    vec![
        shelf.sample("match", &MatchRequest { frame, asked: nothing, looked: None }),
        shelf.sample("match-wrong", &MatchRequest { frame, asked: wrong, looked: None }),
        shelf.sample("match-found", &MatchRequest { frame, asked, looked: Some(hit) }),
        shelf.sample("match-none", &MatchRequest { frame, asked, looked: Some(miss) }),
        shelf.sample("match-own-path", &MatchRequest { frame, asked, looked: Some(own) }),
    ]
}
