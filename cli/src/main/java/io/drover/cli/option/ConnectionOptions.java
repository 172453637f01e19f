package io.drover.cli.option;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Endpoint;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which controller to talk to, and how. */
public final class ConnectionOptions {
    private final Surroundings surroundings;

    @Option(names = "--controller", paramLabel = "HOST:PORT", description = "The controller to ask "
            + "(DROVER_CONTROLLER; else 127.0.0.1:7070).")
    private Optional<String> controller = Optional.empty();

    @Option(names = "--tls-dir", paramLabel = "DIR", description = "A folder with ca.pem, cert.pem and key.pem: "
            + "use mutual TLS (DROVER_TLS_DIR).")
    private Optional<Path> tlsDirectory = Optional.empty();

    public ConnectionOptions(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    public ApiClient connect() throws Failure {
        Optional<Path> directory = tlsDirectory.or(() -> surroundings.variable("DROVER_TLS_DIR").map(Path::of));
        return ApiClient.connect(endpoint(), directory);
    }

    private Endpoint endpoint() throws Failure {
        Optional<String> text = controller.or(() -> surroundings.variable("DROVER_CONTROLLER"));
        try {
            return text.map(Endpoint::parse).orElse(Endpoint.DEFAULT);
        } catch (IllegalArgumentException e) {
            throw new Failure(ExitCode.ERROR, "cannot tell which controller to ask", e.getMessage(),
                    "give --controller or DROVER_CONTROLLER as HOST:PORT");
        }
    }
}
