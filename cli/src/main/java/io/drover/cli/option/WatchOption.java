package io.drover.cli.option;

import picocli.CommandLine.Option;

/** Whether to go on after the first answer. */
public final class WatchOption {
    @Option(names = {"-w", "--watch"}, description = "Go on and print what changes, until Ctrl-C.")
    private boolean watch;

    public boolean watch() {
        return watch;
    }
}
