package io.drover.cli.api;

import io.drover.cli.Failure;
import io.drover.proto.v1.Migration;
import io.drover.proto.v1.WatchMigrationRequest;
import io.drover.proto.v1.WatchMigrationResponse;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A migration up to its end. A controller that is away for a while is waited for: the migration goes on without it. */
public final class MigrationWatch {
    /** Takes what is known of the migration each time that it changes. */
    public interface Listener {
        void on(Migration migration) throws Failure;
    }

    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final ApiClient api;

    public MigrationWatch(ApiClient api) {
        this.api = api;
    }

    /**
     * Returns what was known last; empty when nothing is, as its VM is gone or has migrated again.
     *
     * @param name of the migration
     */
    public Optional<Migration> run(String name, Listener listener) throws Failure, InterruptedException {
        WatchMigrationRequest request = WatchMigrationRequest.newBuilder().setName(name).build();
        Optional<Migration> last = Optional.empty();
        Deadline patience = patience();
        while (true) {
            try {
                Iterator<WatchMigrationResponse> told = api.migrationStreams().watchMigration(request);
                while (told.hasNext()) {
                    Migration now = told.next().getMigration();
                    patience = patience();
                    if (!last.equals(Optional.of(now))) {
                        last = Optional.of(now);
                        listener.on(now);
                    }
                }
                return last;
            } catch (StatusRuntimeException e) {
                boolean away = e.getStatus().getCode() == Status.Code.UNAVAILABLE && last.isPresent()
                        && !patience.isExpired();
                if (e.getStatus().getCode() == Status.Code.NOT_FOUND && last.isPresent()) {
                    return last;
                }
                if (!away) {
                    throw api.failure(e, "cannot watch migration " + ResourceNames.MIGRATION.id(name));
                }
                Thread.sleep(PAUSE);
            }
        }
    }

    private static Deadline patience() {
        return Deadline.after(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }
}
