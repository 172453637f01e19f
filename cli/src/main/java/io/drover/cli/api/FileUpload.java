package io.drover.cli.api;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.output.Quantity;
import java.nio.file.Path;

/** Uploads with a line on the terminal that says how far they are. */
public final class FileUpload {
    private final ApiClient api;
    private final Surroundings surroundings;

    public FileUpload(ApiClient api, Surroundings surroundings) {
        this.api = api;
        this.surroundings = surroundings;
    }

    public Upload.Outcome send(Path path) throws Failure, InterruptedException {
        try (ProgressLine line = new ProgressLine(surroundings)) {
            return new Upload(api, (phase, bytes, of) -> {
                String doing = switch (phase) {
                    case HASHING -> "reading ";
                    case SENDING -> "sending ";
                };
                line.say(doing + path.getFileName() + ": " + (of == 0 ? 100 : bytes * 100 / of) + " % of "
                        + Quantity.bytes(of));
            }).send(path);
        }
    }
}
