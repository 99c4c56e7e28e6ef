//! Where the story happens and who is in it.

use std::time::Instant;

use anyhow::{Context, Result};
use ndxp_client::{Client, Identity, PublishTo};

use super::{
    consumer::{Consumer, Received},
    hub::Hub,
    story::{Story, tenth},
    units::Units,
};
use crate::{
    backing::Backing,
    commands::{dev, serve::Stop},
    connection::{self, Caller},
    nation,
    node::HubDirectory,
    printer::Printer,
};

/// The dataset that everything is about.
pub(super) const DATASET: &str = "agencies/home-affairs/datasets/administrative-units";
/// Its publisher.
pub(super) const PUBLISHER: &str = "home-affairs/administrative-units";

/// Everything that the chapters share.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) data: HubDirectory,
    pub(super) hub: Hub,
    pub(super) units: Units,
    pub(super) consumers: Vec<(Consumer, Received)>,
    /// How many records the log must hold.
    pub(super) published: usize,
}

/// The first chapter: a hub with the nation in it.
pub(super) async fn begin(
    backing: &Backing,
    data: &HubDirectory,
    story: &mut Story<'_>,
) -> Result<Setting> {
    story.chapter("A hub starts, and a nation registers")?;
    if let Some(started) = backing.described() {
        story.tell(started)?;
    }
    let since = Instant::now();
    let certificates = dev::prepare(data, &backing.log()?, "https://localhost:7443").await?;
    story.tell(format!(
        "A development authority issues {certificates} certificates: {:.1} s.",
        since.elapsed().as_secs_f64()
    ))?;
    let hub = Hub::start(data, backing.settings()).await?;
    dev::name_hub(data, &hub.address())?;
    let since = Instant::now();
    dev::load(data, &mut Printer::silent()).await?;
    let seconds = since.elapsed().as_secs_f64();
    story.figure("load_seconds", tenth(seconds));
    let mut setting = Setting {
        data: data.clone(),
        hub,
        units: Units::read()?,
        consumers: Vec::new(),
        published: 0,
    };
    describe(&setting, story, seconds).await?;
    let cast = super::consumer::cast(&setting.units);
    setting.consumers = cast.into_iter().map(|who| (who, Received::default())).collect();
    Ok(setting)
}

async fn describe(setting: &Setting, story: &mut Story<'_>, seconds: f64) -> Result<()> {
    let authority = setting.client("data-authority/officer/officer-1")?;
    let agencies = authority.list_agencies().await?.len();
    let agreements = authority.list_agreements().await?.len();
    story.tell(format!(
        "{agencies} agencies with their systems and officers, {} datasets and {agreements} \
         agreements go in through the API: {seconds:.1} s.",
        nation::datasets()
    ))?;
    story.must_be("agencies", agencies, nation::bodies()?.len())?;
    story.figure("agreements", agreements);
    Ok(())
}

impl Setting {
    /// Returns the files and the address of a caller, for example `evn/customers`.
    pub(super) fn identity(&self, name: &str) -> Result<Identity> {
        let Caller(name) = name.parse().map_err(anyhow::Error::msg)?;
        let pki = self.data.pki();
        let home = connection::directory_of(pki.path(), &name);
        connection::identity(&home, Some(pki.path()), Some(&self.hub.address()))
    }

    /// Returns those of the consumers, in their order.
    pub(super) fn identities(&self) -> Result<Vec<Identity>> {
        self.consumers.iter().map(|(who, _)| self.identity(who.system)).collect()
    }

    pub(super) fn client(&self, name: &str) -> Result<Client> {
        Client::lazy(&self.identity(name)?).with_context(|| name.to_owned())
    }

    pub(super) fn to() -> PublishTo {
        PublishTo { dataset: DATASET.to_owned(), ..PublishTo::default() }
    }

    /// Leaves the hub up until Ctrl-C.
    pub(super) async fn stay(mut self, printer: &mut Printer, stop: &mut Stop) -> Result<()> {
        self.hub.restart().await?;
        let (address, data) = (self.hub.address(), self.data.path().display());
        printer.line(format!(
            "\nThe hub is up again: {address}. Try: ndxp whoami --data {data} --as evn/customers\n\
             Ctrl-C ends it."
        ))?;
        printer.flush()?;
        stop.asked().await;
        self.hub.stop().await
    }
}
