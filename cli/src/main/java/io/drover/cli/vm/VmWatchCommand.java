package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.api.VmWatch;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.output.Column;
import io.drover.cli.output.Emphasis;
import io.drover.cli.output.Kind;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.output.Printer;
import io.drover.cli.output.Rows;
import io.drover.proto.v1.WatchVmsResponse;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "watch", description = "Print every change of the VMs as it happens, until Ctrl-C.", footer = {"",
        "With -o json each line is one event of the API, with the revision to go on from."})
final class VmWatchCommand implements Callable<Integer> {
    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Option(names = "--filter", paramLabel = "TERMS", description = "As in `drover vm list`.")
    private String filter = "";
    @Option(names = "--revision", paramLabel = "REVISION",
            description = "Go on after this revision of an earlier watch.")
    private String revision = "";
    @Option(names = "--timeout", paramLabel = "TIME", description = "End after this time.")
    private Optional<java.time.Duration> timeout = Optional.empty();

    @Override
    public Integer call() throws Failure, InterruptedException {
        Printer printer = output.printer();
        Rows<WatchVmsResponse> rows = printer.rows(EVENTS);
        try (ApiClient api = connection.connect()) {
            new VmWatch(api, filter).run(revision, timeout, event -> {
                boolean forPeople = printer.format() == OutputFormat.TABLE || printer.format() == OutputFormat.NAME;
                if (event.hasVm() || !forPeople) {
                    printer.change(rows, EVENTS, event);
                }
                return true;
            });
        }
        return ExitCode.OK.number();
    }

    private static final Kind<WatchVmsResponse> EVENTS = new Kind<>("events", event -> event.getVm().getName(),
            List.of(new Column<>("EVENT", event -> event.getType().name(), VmWatchCommand::emphasis),
                    Column.of("NAME", event -> ResourceNames.VM.id(event.getVm().getName())),
                    Column.of("STATE", event -> VmKind.state(event.getVm())),
                    Column.of("HOST", event -> ResourceNames.HOST.id(event.getVm().getHost())),
                    Column.of("DRIVER", event -> event.getVm().getDriver()),
                    new Column<>("MESSAGE", event -> event.getVm().getStateMessage(), event -> Emphasis.FAINT)),
            event -> List.of());

    private static Emphasis emphasis(WatchVmsResponse event) {
        return switch (event.getType()) {
            case ADDED -> Emphasis.GOOD;
            case DELETED -> Emphasis.BAD;
            default -> Emphasis.NONE;
        };
    }
}
