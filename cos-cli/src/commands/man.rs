//! `cos man`: the manual page, made of the texts of `--help`.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::args::Cli;
use crate::error::Error;
use crate::exit;
use crate::printer::Printer;

/// Prints one page, as roff, for all of the command: `man -l` shows it.
pub(super) fn run(printer: Printer) -> Result<(), Error> {
    let page = page(Cli::command()).map_err(|error| Error::stdout(&error))?;
    printer.line(String::from_utf8_lossy(&page).trim_end())
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let command = command.disable_help_subcommand(true);
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    Roff::new()
        .control("SH", ["SYNOPSIS"])
        .text([bold("cos"), roman(" [OPTIONS] COMMAND ...")])
        .to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    Roff::new()
        .control("SH", ["COMMANDS"])
        .to_writer(&mut page)?;
    for command in command.get_subcommands() {
        part(command, &mut page)?;
    }
    man.render_options_section(&mut page)?;
    // What `--help` ends with: paragraphs of a heading and lines that stand as they are.
    for paragraph in exit::HELP.split("\n\n") {
        let (heading, lines) = paragraph.split_once('\n').unwrap_or_default();
        let heading = heading.trim_end_matches(':').to_uppercase();
        let mut roff = Roff::new();
        roff.control("SH", [heading.as_str()]).control("nf", []);
        for line in lines.lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []).to_writer(&mut page)?;
    }
    Ok(page)
}

/// A command: its synopsis, what it does, and the options that are its own.
fn part(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let name = format!("cos {}", command.get_name());
    Roff::new().control("SS", [name.as_str()]).to_writer(page)?;
    let man = Man::new(command.clone().bin_name(name).disable_help_flag(true));
    let mut sections = Vec::new();
    man.render_synopsis_section(&mut sections)?;
    man.render_description_section(&mut sections)?;
    man.render_options_section(&mut sections)?;
    // Made for a page of its own, whose sections are paragraphs here.
    for line in String::from_utf8_lossy(&sections).lines() {
        let line = if line.starts_with(".SH ") {
            ".PP"
        } else {
            line
        };
        page.extend_from_slice(line.as_bytes());
        page.push(b'\n');
    }
    Ok(())
}
