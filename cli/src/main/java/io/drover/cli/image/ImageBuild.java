package io.drover.cli.image;

import picocli.CommandLine.Command;

/** What images can be made of. */
@Command(name = "build", description = "Make an image of a distribution's packages.",
        subcommands = ImageBuildDebian.class, synopsisSubcommandLabel = "COMMAND")
final class ImageBuild {}
