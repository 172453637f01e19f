package io.drover.cli.completion;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Endpoint;
import io.grpc.Context;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Asks the controller for names, quickly or not at all: a completion that hangs or complains is worse than none. */
final class ServerNames {
    private static final long PATIENCE_MILLIS = 1_500;

    /** One question. */
    interface Question {
        List<String> ask(ApiClient api) throws Failure;
    }

    private ServerNames() {}

    static Iterator<String> ask(Surroundings surroundings, Question question) {
        try (ScheduledExecutorService timer = Executors
                .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon(true).factory());
                Context.CancellableContext context = Context.current().withDeadlineAfter(PATIENCE_MILLIS,
                        TimeUnit.MILLISECONDS,
                        timer)) {
            return context.call(() -> {
                try (ApiClient api = ApiClient.connect(
                        surroundings.variable("DROVER_CONTROLLER").map(Endpoint::parse).orElse(Endpoint.DEFAULT),
                        surroundings.variable("DROVER_TLS_DIR").map(Path::of))) {
                    return question.ask(api).iterator();
                }
            });
        } catch (Exception ignored) {
            // No controller, no certificate, a mistyped endpoint: the command itself will say so.
            return List.<String>of().iterator();
        }
    }
}
