//! Names of the pages of services, their routes and plugins.

/// A page of services, their routes and plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServicesPage {
    /// Makes the first service.
    FirstService,
    /// Makes its first route.
    FirstRoute,
    /// Asks for keys at it, and makes the first one.
    FirstKey,
    /// The services.
    List,
    /// A new one.
    New,
    /// One of them.
    Details,
    /// Suspends it.
    Suspend,
    /// Resumes it.
    Resume,
    /// Deletes it.
    Delete,
    /// Its routes.
    RoutesOf,
    /// Its plugins.
    Plugins,
    /// The plugins that it may have.
    PluginCards,
    /// One of them.
    Plugin,
    /// Suspends that plugin.
    PluginSuspend,
    /// Resumes it.
    PluginResume,
    /// Deletes it.
    PluginDelete,
    /// Contracts of the service.
    Contracts,
    /// Its document.
    Document,
    /// Deletes it.
    DocumentDelete,
    /// The routes.
    Routes,
    /// A new one.
    RouteNew,
    /// One of them.
    Route,
    /// Deletes it.
    RouteDelete,
    /// Which route a request would match.
    Match,
}
