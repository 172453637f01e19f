package io.drover.cli.image;

import picocli.CommandLine.Command;

/** What can be done with images. */
@Command(name = "image", description = "Add, build, look at and delete what VMs boot from.",
        subcommands = {ImageAdd.class,
                ImageBuild.class, ImageList.class, ImageGet.class, ImageDelete.class},
        synopsisSubcommandLabel = "COMMAND")
public final class ImageCommand {}
