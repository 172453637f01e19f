package io.drover.cli.image;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.ImageNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.DeleteImageRequest;
import io.drover.proto.v1.Image;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "delete", description = "Delete an image that no VM uses.")
final class ImageDelete implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = ImageNames.class, description = "Which image.")
    private String name = "";

    ImageDelete(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure {
        String id = ResourceNames.IMAGE.id(name);
        String full = ResourceNames.IMAGE.full(name);
        try (ApiClient api = connection.connect()) {
            api.call("image " + id + " was not deleted",
                    () -> api.images().deleteImage(DeleteImageRequest.newBuilder().setName(full).build()));
            output.printer().outcome(ImageKind.at(surroundings.clock()), Image.newBuilder().setName(full).build(),
                    "deleted " + id);
        }
        return ExitCode.OK.number();
    }
}
