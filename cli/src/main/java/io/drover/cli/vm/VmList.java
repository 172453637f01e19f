package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Lists;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.option.WatchOption;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "list", description = "List VMs.")
final class VmList implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "watch")
    private WatchOption watch;
    @Option(names = "--filter", paramLabel = "TERMS",
            description = "Such as 'state = RUNNING AND host = \"hosts/h1\"'; fields: state, host, image, driver, name.")
    private String filter = "";

    VmList(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        try (ApiClient api = connection.connect()) {
            if (watch.watch()) {
                VmChanges.print(api, surroundings, output.printer(), filter, name -> true);
            } else {
                output.printer().list(VmKind.at(surroundings.clock()), Lists.vms(api, filter));
            }
        }
        return ExitCode.OK.number();
    }
}
