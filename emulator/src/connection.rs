//! One connection: requests in turn, each answered or spoilt.

use crate::api::{Call, Request, Route};
use crate::control;
use crate::delivery::Delivery;
use crate::fault::{Action, Close, CloseWhen, On};
use crate::http::{Connection, Head, ReadError, Transport};
use crate::journal::{Arrival, Kind, Ticket};
use crate::response::Response;
use crate::server::Shared;

/// What is known of a connection from its start.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) id: u64,
    pub(crate) tls: bool,
    /// Whether it came in at the control port.
    pub(crate) control_only: bool,
}

/// What becomes of a connection after an exchange.
pub(crate) enum After {
    Keep,
    Close,
    Break { rst: bool },
}

impl After {
    pub(crate) fn keep_if(keep_alive: bool) -> Self {
        if keep_alive { After::Keep } else { After::Close }
    }
}

/// Serves a connection to its end.
pub(crate) async fn serve<S: Transport>(shared: &Shared, stream: S, origin: Origin) {
    let connection = Connection::new(stream);
    let mut exchange = Exchange { shared, origin, connection, reading: None };
    loop {
        match exchange.next().await {
            Ok(After::Keep) => {}
            Ok(After::Close) => return exchange.connection.close().await,
            Ok(After::Break { rst }) => return exchange.connection.abort(rst),
            Err(ReadError::Gone) => return,
            Err(ReadError::Refused(response)) => {
                exchange.refused(response.status);
                let wire = response.encode(false, false);
                if exchange.connection.send(&[wire.head, wire.body].concat()).await.is_ok() {
                    exchange.connection.close_unread().await;
                }
                return;
            }
        }
    }
}

struct Exchange<'a, S> {
    shared: &'a Shared,
    origin: Origin,
    connection: Connection<S>,
    /// Method and path of the request whose body is being read.
    reading: Option<(String, String)>,
}

impl<S: Transport> Exchange<'_, S> {
    async fn next(&mut self) -> Result<After, ReadError> {
        self.reading = None;
        let head = self.connection.head().await?;
        self.reading = Some((head.method.clone(), head.path.clone()));
        let route = Route::of(&head.path);
        if let Route::Call(call) = route
            && !self.origin.control_only
        {
            return self.call(call, head).await;
        }
        let body = self.connection.body(&head).await?;
        let reading = matches!(head.method.as_str(), "GET" | "HEAD");
        let response = match route {
            Route::Control => control::answer(self.shared, &head, &body).await,
            Route::Keys if reading => Response::json(200, &self.shared.signer.jwks().await),
            _ => Response::framework_error(404, &format!("Cannot {} {}", head.method, head.path)),
        };
        if !matches!(route, Route::Control) && !self.origin.control_only {
            let ticket = self.arrived(&head, None, None, Vec::new());
            self.shared.answered(ticket, Some(response.status));
        }
        let wire = response.encode(head.keep_alive, head.method == "HEAD");
        self.connection.send(&[wire.head, wire.body].concat()).await?;
        Ok(After::keep_if(head.keep_alive))
    }

    /// Logs what was no request, or none that can be read to its end.
    fn refused(&mut self, status: u16) {
        let (method, path) = self.reading.take().unwrap_or_default();
        if self.origin.control_only || path.starts_with("/_emulator/") {
            return;
        }
        let ticket = self.shared.arrived(Arrival {
            kind: Kind::Other,
            version: 0,
            method: &method,
            path: &path,
            connection: self.origin.id,
            tls: self.origin.tls,
            fault: None,
            headers: &[],
            body_fields: Vec::new(),
        });
        self.shared.change(|service| service.journal.counts.malformed += 1);
        self.shared.answered(ticket, Some(status));
    }

    async fn call(&mut self, call: Call, head: Head) -> Result<After, ReadError> {
        let on = if call.kind == Kind::Refresh { On::Refresh } else { On::Authenticate };
        let fault = self.shared.take_fault(on, self.origin.id);
        let action = fault.as_ref().map(|fault| &fault.action);
        if let Some(&Action::Close(Close { when: CloseWhen::BeforeRead, rst })) = action {
            let ticket = self.arrived(&head, Some(call), action, Vec::new());
            self.shared.answered(ticket, None);
            return Ok(After::Break { rst });
        }
        let body = self.connection.body(&head).await?;
        let request = Request::new(head, &body);
        // Before anybody can know of the request, and release it.
        let releases = self.shared.releases();
        let ticket = self.arrived(&request.head, Some(call), action, request.body_fields());
        let delivery = Delivery {
            shared: self.shared,
            connection: &mut self.connection,
            call,
            request: &request,
            ticket,
            releases,
        };
        Ok(match fault {
            None => delivery.genuine().await?,
            Some(fault) => delivery.spoilt(&fault).await?,
        })
    }

    fn arrived(
        &self,
        head: &Head,
        call: Option<Call>,
        fault: Option<&Action>,
        body_fields: Vec<String>,
    ) -> Ticket {
        self.shared.arrived(Arrival {
            kind: call.map_or(Kind::Other, |call| call.kind),
            version: call.map_or(0, |call| call.version),
            method: &head.method,
            path: &head.path,
            connection: self.origin.id,
            tls: self.origin.tls,
            fault: fault.map(Action::name),
            headers: &head.headers,
            body_fields,
        })
    }
}
