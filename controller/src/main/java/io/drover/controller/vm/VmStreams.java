package io.drover.controller.vm;

import io.drover.controller.feed.Revision;
import io.drover.controller.feed.VmFeed;
import io.drover.controller.feed.VmSight;
import io.drover.controller.list.Filter;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.stream.ClientGoneException;
import io.drover.controller.stream.Outbound;
import io.drover.proto.v1.WatchVmsRequest;
import io.drover.proto.v1.WatchVmsResponse;
import java.time.Duration;
import java.util.Optional;

/** WatchVms: reads the feed at the pace of its client. */
public final class VmStreams {
    private final VmFeed feed;
    private final Duration syncedEvery;

    /**
     * Reads from this feed.
     *
     * @param syncedEvery how often a client is told that it has seen everything
     */
    public VmStreams(VmFeed feed, Duration syncedEvery) {
        this.feed = feed;
        this.syncedEvery = syncedEvery;
    }

    /** Ends only with its client, or when the client is too far behind. */
    public void watch(WatchVmsRequest request, Outbound<WatchVmsResponse> out)
            throws ProblemException, ClientGoneException, InterruptedException {
        Filter<VmSight> filter = Filter.parse(request.getFilter(), VmFields.FIELDS);
        Revision place;
        if (request.getRevision().isEmpty()) {
            VmFeed.Snapshot all = feed.all();
            place = all.revision();
            for (VmSight vm : all.vms()) {
                if (filter.test(vm)) {
                    out.send(response(WatchVmsResponse.Type.ADDED, Optional.of(vm), place));
                }
            }
        } else {
            place = feed.resume(request.getRevision());
        }
        long toldAt = 0;
        boolean told = false;
        while (true) {
            long sinceTold = System.nanoTime() - toldAt;
            var events = feed.after(place,
                    told ? syncedEvery.minusNanos(Math.min(sinceTold, syncedEvery.toNanos())) : Duration.ZERO);
            for (VmFeed.Event event : events) {
                place = feed.revision(event.sequence());
                Optional<WatchVmsResponse> response = seen(event, filter, place);
                if (response.isPresent()) {
                    out.send(response.get());
                }
            }
            if (events.isEmpty() || System.nanoTime() - toldAt > syncedEvery.toNanos()) {
                out.send(response(WatchVmsResponse.Type.SYNCED, Optional.empty(), place));
                told = true;
                toldAt = System.nanoTime();
            }
        }
    }

    /** An event as one sees it who sees only what matches. */
    static Optional<WatchVmsResponse> seen(VmFeed.Event event, Filter<VmSight> filter, Revision place) {
        boolean was = event.before().map(filter::test).orElse(false);
        boolean is = event.after().map(filter::test).orElse(false);
        boolean sameVm = event.before().isPresent() && event.after().isPresent()
                && event.before().get().vm().uid().equals(event.after().get().vm().uid());
        if (!was && !is) {
            return Optional.empty();
        }
        if (is) {
            return Optional.of(response(was && sameVm ? WatchVmsResponse.Type.MODIFIED : WatchVmsResponse.Type.ADDED,
                    event.after(), place));
        }
        return Optional.of(response(WatchVmsResponse.Type.DELETED, event.after().or(event::before), place));
    }

    private static WatchVmsResponse response(WatchVmsResponse.Type type, Optional<VmSight> vm, Revision revision) {
        WatchVmsResponse.Builder response = WatchVmsResponse.newBuilder().setType(type)
                .setRevision(revision.toString());
        vm.ifPresent(sight -> response.setVm(VmMessages.of(sight)));
        return response.build();
    }
}
