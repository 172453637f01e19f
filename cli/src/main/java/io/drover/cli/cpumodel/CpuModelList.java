package io.drover.cli.cpumodel;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Lists;
import io.drover.cli.api.Polling;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.option.WatchOption;
import io.drover.cli.output.Kind;
import io.drover.proto.v1.CpuModel;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "list", description = "List CPU models.")
final class CpuModelList implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "watch")
    private WatchOption watch;

    CpuModelList(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        Kind<CpuModel> kind = CpuModelKind.at(surroundings.clock());
        try (ApiClient api = connection.connect()) {
            if (watch.watch()) {
                Polling.print(output.printer(), kind, () -> Lists.cpuModels(api));
            }
            output.printer().list(kind, Lists.cpuModels(api));
        }
        return ExitCode.OK.number();
    }
}
