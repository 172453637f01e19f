package io.drover.controller.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.controller.agent.AgentChannels;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.Desired;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmSpec;
import io.drover.controller.store.Change;
import io.drover.controller.store.Store;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.test.TestingServer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The history that watchers read, on a real store. */
final class VmFeedTest {
    private static final int KEPT = 8;
    private static final VmId VM = new VmId("web-1");

    private TestingServer zookeeper;
    private CuratorFramework client;
    private Store store;
    private HostLinks links;
    private VmFeed feed;

    @BeforeEach
    void start() throws Exception {
        zookeeper = new TestingServer();
        client = CuratorFrameworkFactory.newClient(zookeeper.getConnectString(), new RetryOneTime(500));
        client.start();
        store = new Store(client, Clock.systemUTC());
        links = new HostLinks(AgentChannels.plain(), Clock.systemUTC());
        feed = new VmFeed(store, links, KEPT);
        store.addListener(feed);
        store.start();
        VmSpec spec = new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of());
        store.commitAndWait(List.of(new Change.Create(
                Vm.created(VM, "uid-1", spec, new Desired.Running(), Instant.EPOCH))));
    }

    @AfterEach
    void stop() throws Exception {
        links.close();
        store.close();
        client.close();
        zookeeper.close();
    }

    /** One more event. */
    private void change(String message) throws Exception {
        var now = store.view().vm(VM).orElseThrow();
        store.commitAndWait(
                List.of(new Change.Put(now.value().in(Phase.PENDING, message, Instant.EPOCH), now.version())));
    }

    private static void isTooOld(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(ProblemException.class,
                e -> assertThat(e.problem()).isInstanceOf(Problem.RevisionTooOld.class));
    }

    @Test
    void watcherWithinTheHistoryMissesNothing() throws Exception {
        Revision place = feed.all().revision();
        for (int i = 0; i < KEPT; i++) {
            change("change " + i);
        }
        assertThat(feed.after(feed.resume(place.toString()), Duration.ZERO))
                .extracting(event -> event.after().orElseThrow().message())
                .containsExactly("change 0", "change 1", "change 2", "change 3", "change 4", "change 5", "change 6",
                        "change 7");
    }

    @Test
    void watcherThatFellBehindTheHistoryIsToldSoAndCanBeginAgain() throws Exception {
        Revision place = feed.all().revision();
        for (int i = 0; i <= KEPT; i++) {
            change("change " + i);
        }
        isTooOld(() -> feed.after(place, Duration.ZERO));
        isTooOld(() -> feed.resume(place.toString()));

        VmFeed.Snapshot now = feed.all();
        assertThat(now.vms()).extracting(VmSight::message).containsExactly("change " + KEPT);
        change("and on");
        assertThat(feed.after(now.revision(), Duration.ZERO)).hasSize(1);
    }
}
