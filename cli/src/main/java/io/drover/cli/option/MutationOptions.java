package io.drover.cli.option;

import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import picocli.CommandLine.Option;

/** How to ask for a change and whether to wait for it. */
public final class MutationOptions {
    @Option(names = "--detach", description = "Do not wait: print the task and leave.")
    private boolean detach;

    @Option(names = "--timeout", paramLabel = "TIME", defaultValue = "5m",
            description = "How long to wait, such as 90s or 5m (default: ${DEFAULT-VALUE}). The task goes on afterwards.")
    private Duration timeout = Duration.ofMinutes(5);

    @Option(names = "--request-id", paramLabel = "UUID",
            description = "Makes the request safe to repeat: the same id with the same request is done once.")
    private Optional<String> requestId = Optional.empty();

    public boolean detach() {
        return detach;
    }

    public Duration timeout() {
        return timeout;
    }

    /**
     * The id for a request to one resource. A command that works on several needs a different one for each, as an id belongs to
     * one request.
     */
    public String requestId(String resource, boolean several) {
        if (requestId.isEmpty()) {
            return UUID.randomUUID().toString();
        }
        return several
                ? UUID.nameUUIDFromBytes(
                        (requestId.get() + "/" + resource).getBytes(java.nio.charset.StandardCharsets.UTF_8)).toString()
                : requestId.get();
    }
}
