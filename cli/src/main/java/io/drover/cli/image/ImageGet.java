package io.drover.cli.image;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Polling;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.ImageNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.option.WatchOption;
import io.drover.cli.output.Kind;
import io.drover.proto.v1.GetImageRequest;
import io.drover.proto.v1.Image;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "get", description = "Show one image.")
final class ImageGet implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "watch")
    private WatchOption watch;
    @Parameters(paramLabel = "NAME", completionCandidates = ImageNames.class, description = "Which image.")
    private String name = "";

    ImageGet(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        Kind<Image> kind = ImageKind.at(surroundings.clock());
        GetImageRequest request = GetImageRequest.newBuilder().setName(ResourceNames.IMAGE.full(name)).build();
        String what = "cannot show image " + ResourceNames.IMAGE.id(name);
        try (ApiClient api = connection.connect()) {
            Polling.Look<Image> look = () -> List.of(api.call(what, () -> api.images().getImage(request)));
            if (watch.watch()) {
                Polling.print(output.printer(), kind, look);
            }
            output.printer().one(kind, look.now().get(0));
        }
        return ExitCode.OK.number();
    }
}
