package io.drover.controller.migration;

import io.drover.controller.agent.HostLinks;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import io.drover.controller.record.MigrationId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.store.Store;
import io.drover.controller.stream.ClientGoneException;
import io.drover.controller.stream.Outbound;
import io.drover.proto.v1.Migration;
import io.drover.proto.v1.WatchMigrationRequest;
import io.drover.proto.v1.WatchMigrationResponse;
import java.time.Duration;
import java.util.Optional;

/** WatchMigration: a client that is slow sees fewer of the changes, and never waits for old ones. */
public final class MigrationStreams {
    /** A client that has gone is noticed by writing to it; what is unchanged is not written. */
    private static final Duration LOOK = Duration.ofSeconds(10);

    private final Store store;
    private final HostLinks links;
    private final MigrationFeed feed;

    public MigrationStreams(Store store, HostLinks links, MigrationFeed feed) {
        this.store = store;
        this.links = links;
        this.feed = feed;
    }

    /** Ends when all is known of the migration, or its VM is deleted or migrates again. */
    public void watch(WatchMigrationRequest request, Outbound<WatchMigrationResponse> out)
            throws ProblemException, ClientGoneException, InterruptedException {
        MigrationId id = id(request.getName());
        VmId vm = feed.vm(id).orElseThrow(() -> ProblemException.notFound(id.resourceName()));
        Migration last = Migration.getDefaultInstance();
        while (true) {
            long place = feed.place(vm);
            Optional<Vm> now = find(id, vm);
            if (now.isEmpty()) {
                return;
            }
            Migration message = MigrationMessages.of(now.get(), links.sightings());
            if (!message.equals(last)) {
                out.send(WatchMigrationResponse.newBuilder().setMigration(message).build());
                last = message;
            }
            if (now.get().migration().report().isPresent()) {
                return;
            }
            feed.awaitChange(vm, place, LOOK);
        }
    }

    private Optional<Vm> find(MigrationId id, VmId vm) {
        return store.view().vm(vm).map(Versioned::value)
                .filter(known -> known.migration().id().equals(Optional.of(id)));
    }

    /** The VM whose latest migration this is. */
    Vm get(MigrationId id) throws ProblemException {
        return feed.vm(id).flatMap(vm -> find(id, vm)).orElseThrow(() -> ProblemException.notFound(id.resourceName()));
    }

    static MigrationId id(String name) throws ProblemException {
        Violations violations = new Violations();
        Optional<MigrationId> id = violations.name("name", name, MigrationId.COLLECTION, MigrationId::new);
        violations.throwIfAny();
        return id.orElseThrow();
    }
}
