package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import com.google.rpc.Code;
import io.drover.controller.fake.FakeAgent;
import io.drover.controller.fake.FakeMigration;
import io.drover.proto.state.v1.VmRecord;
import io.drover.proto.v1.AttachConsoleRequest;
import io.drover.proto.v1.AttachDiskRequest;
import io.drover.proto.v1.CancelMigrationRequest;
import io.drover.proto.v1.CancelTaskRequest;
import io.drover.proto.v1.ConfirmHostOffRequest;
import io.drover.proto.v1.CordonHostRequest;
import io.drover.proto.v1.GetHostRequest;
import io.drover.proto.v1.GetMigrationRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.ListMigrationsRequest;
import io.drover.proto.v1.MigrateVmRequest;
import io.drover.proto.v1.Migration;
import io.drover.proto.v1.MigrationOptions;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmConsoles;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmState;
import io.drover.proto.v1.WatchMigrationRequest;
import io.grpc.Status;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Live migrations: a real controller and ZooKeeper, two agents that write the record as real ones do, and no guest. */
final class MigrationTest {
    @TempDir
    private Path data;
    private Cloud cloud;
    private FakeAgent source;
    private FakeAgent destination;
    private FakeMigration hosts;

    private void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
    }

    @AfterEach
    void stop() {
        if (cloud != null) {
            cloud.close();
        }
    }

    /** A VM runs on h1, and h2 could take it. */
    private Vm twoHosts() throws Exception {
        source = cloud.migratingHost("h1", false);
        Vm vm = cloud.running("web-1");
        destination = cloud.migratingHost("h2", false);
        hosts = new FakeMigration("web-1", source, destination);
        return vm;
    }

    private static MigrateVmRequest.Builder move(String to) {
        return MigrateVmRequest.newBuilder().setName("vms/web-1").setDestination(to.isEmpty() ? "" : "hosts/" + to);
    }

    private static String migration(Task task) {
        return task.getName().replace("tasks/t-", "migrations/m-");
    }

    private Migration get(String name) throws Exception {
        return cloud.migrations().getMigration(GetMigrationRequest.newBuilder().setName(name).build());
    }

    private void awaitReceive() {
        Eventually.get(destination::calls, calls -> calls.stream().anyMatch(call -> call.startsWith("receive web-1")));
    }

    private String copying(Task task) {
        awaitReceive();
        hosts.listens();
        Eventually.get(() -> get(migration(task)), seen -> seen.getState() == Migration.State.COPYING);
        return migration(task);
    }

    @Test
    void aGuestGoesOnAtItsNewHostAndItsRecordSaysHow() throws Exception {
        start();
        Vm before = twoHosts();
        Task task = cloud.migrations().migrateVm(move("").setOptions(MigrationOptions.newBuilder().setStreams(4)
                .setBandwidthBytesPerSecond(1 << 20).setPolicy(MigrationOptions.Policy.GIVE_UP)
                .setCompression(MigrationOptions.Compression.LZ4)).build());
        assertThat(task.getMethod()).isEqualTo("MigrateVm");
        assertThat(task.getState()).isEqualTo(Task.State.RUNNING);
        String name = copying(task);
        assertThat(destination.calls()).filteredOn(call -> call.startsWith("file ")).as("put there first").hasSize(1);
        assertThat(cloud.vm("web-1").getMigration()).isEqualTo(name);
        assertThat(destination.running()).as("not taken for a stray").containsExactly(before.getUid() + " 1");
        assertThat(cloud.hosts().getHost(GetHostRequest.newBuilder().setName("hosts/h2").build()).getVms()).isZero();

        hosts.copies(700);
        Migration live = Eventually.get(() -> get(name), seen -> seen.getProgress().getRemainingBytes() == 700);
        assertThat(live.getDestination()).isEqualTo("hosts/h2");
        assertThat(live.getProgress().getThrottlePercent()).isEqualTo(20);
        assertThat(Durations.toMillis(live.getProgress().getPredictedDowntime())).isEqualTo(250);
        assertThat(live.getOptions().getStreams()).isEqualTo(4);
        assertThat(live.getOptions().getCompression()).isEqualTo(MigrationOptions.Compression.LZ4);
        assertThat(live.getOptions().getTimeout().getSeconds()).isEqualTo(3_600);
        assertThat(Durations.toMillis(live.getOptions().getDowntime())).isEqualTo(300);

        hosts.switches();
        long epoch = hosts.commits();
        Vm moved = Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getHost().equals("hosts/h2"));
        assertThat(moved.getState()).isEqualTo(VmState.VM_STATE_RUNNING);
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        hosts.areDone(epoch);
        Migration done = Eventually.get(() -> get(name), Migration::hasReport);
        assertThat(done.getState()).isEqualTo(Migration.State.SUCCEEDED);
        assertThat(Durations.toMillis(done.getReport().getDowntime().getTotal())).isEqualTo(50);
        assertThat(Durations.toMillis(done.getReport().getDowntime().getSaving())).isEqualTo(5);
        assertThat(done.getReport().getSentBytes()).isEqualTo(5_000);
        assertThat(done.getReport().getPasses()).isEqualTo(3);
        Eventually.get(() -> source.runs("web-1"), List::isEmpty);
        assertThat(destination.running()).containsExactly(before.getUid() + " 2");
        assertThat(destination.calls()).as("the new owner was never told to stop it")
                .noneMatch(call -> call.startsWith("kill") || call.startsWith("stop"));
        assertThat(cloud.vm("web-1").getPlacement().getHost()).isEqualTo("hosts/h2");
        VmRecord record = destination.writes("web-1", same -> same);
        assertThat(record.getSerializedSize()).isLessThan(2_048);
        assertThat(record.getFormat()).isEqualTo(1);

        assertThat(cloud.migrations().listMigrations(ListMigrationsRequest.newBuilder()
                .setFilter("state = SUCCEEDED AND destination = \"hosts/h2\"").build()).getMigrationsList())
                .extracting(Migration::getName).containsExactly(name);
    }

    @Test
    void nobodyIsToldToEndAGuestThatHasJustArrivedAndIsNotToldOfYet() throws Exception {
        start();
        twoHosts();
        Task task = cloud.migrations().migrateVm(move("h2").build());
        copying(task);
        hosts.switches();
        long epoch = hosts.commits();
        Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getHost().equals("hosts/h2"));
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        Task stop = cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build());
        // The record says so now; the agent tells later, and until then nothing is asked of it.
        Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getDesiredState().name().endsWith("STOPPED"));
        assertThat(destination.calls()).noneMatch(call -> call.startsWith("kill") || call.startsWith("stop"));
        hosts.areDone(epoch);
        assertThat(cloud.end(stop).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(destination.calls()).contains("stop web-1 2");
    }

    @Test
    void nextLeaderGoesOnWithAMigrationAndKnowsHowItEnded() throws Exception {
        try (TestingServer zookeeper = new TestingServer()) {
            cloud = Cloud.startOn(zookeeper.getConnectString(), data);
            cloud.image("debian");
            twoHosts();
            destination.onReceive(request -> Optional.of(FakeAgent.refusal(Code.UNAVAILABLE, "BUSY", "not yet")));
            Task task = cloud.migrations().migrateVm(move("h2").build());
            awaitReceive();
            cloud.stopController();
            destination.onReceive(request -> Optional.empty());
            int asked = destination.calls().size();
            cloud.startController();
            Eventually.get(destination::calls, calls -> calls.stream().skip(asked).anyMatch(call -> call.startsWith(
                    "receive web-1 1 " + migration(task).replace("migrations/", ""))));
            cloud.stopController();
            hosts.listens();
            hosts.switches();
            long epoch = hosts.commits();
            cloud.startController();
            hosts.areDone(epoch);
            assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
            Migration done = Eventually.get(() -> get(migration(task)), Migration::hasReport);
            assertThat(done.getState()).isEqualTo(Migration.State.SUCCEEDED);
            cloud.stopController();
            cloud.startController();
            assertThat(Eventually.get(() -> get(migration(task)), Migration::hasReport).getReport())
                    .isEqualTo(done.getReport());
            cloud.close();
            cloud = null;
        }
    }

    @Test
    void aDestinationThatRefusesCallsTheMigrationOffWithItsReason() throws Exception {
        start();
        Vm before = twoHosts();
        destination.onReceive(request -> Optional.of(
                FakeAgent.refusal(Code.RESOURCE_EXHAUSTED, "NO_ROOM", "64 MiB are not there")));
        Task task = cloud.migrations().migrateVm(move("h2").build());
        Migration told = Eventually.get(() -> get(migration(task)), Migration::getCancelRequested);
        assertThat(told.getMessage()).isEqualTo("hosts/h2 refused: 64 MiB are not there");
        hosts.aborts("cancelled");
        Task end = cloud.end(task);
        assertThat(end.getState()).isEqualTo(Task.State.FAILED);
        assertThat(end.getError().getMessage()).contains("64 MiB are not there");
        assertThat(source.running()).containsExactly(before.getUid() + " 1");
        assertThat(Eventually.get(() -> get(migration(task)), Migration::hasReport).getFailure())
                .isEqualTo("CANCELLED");
    }

    @Test
    void cancelIsAMarkThatTheSourceActsOnAndTooLateOnceItSwitches() throws Exception {
        start();
        twoHosts();
        Task first = cloud.migrations().migrateVm(move("h2").build());
        String name = copying(first);
        Migration asked = cloud.migrations().cancelMigration(CancelMigrationRequest.newBuilder().setName(name).build());
        assertThat(asked.getCancelRequested()).isTrue();
        assertThat(asked.getState()).isEqualTo(Migration.State.COPYING);
        hosts.aborts("cancelled");
        assertThat(cloud.end(first).getError().getMessage()).contains("cancelled on request");
        Eventually.get(() -> destination.runs("web-1"), List::isEmpty);
        assertThat(cloud.migrations().cancelMigration(CancelMigrationRequest.newBuilder().setName(name).build())
                .getState()).as("stays as it is").isEqualTo(Migration.State.FAILED);

        Task second = cloud.migrations().migrateVm(move("h2").build());
        Eventually.get(destination::calls,
                calls -> calls.stream().filter(call -> call.startsWith("receive")).count() == 2);
        hosts.listens();
        hosts.switches();
        String late = migration(second);
        Eventually.get(() -> get(late), seen -> seen.getState() == Migration.State.SWITCHING);
        assertThat(Refusals.of(() -> cloud.migrations()
                .cancelMigration(CancelMigrationRequest.newBuilder().setName(late).build())).reason())
                .isEqualTo("MIGRATION_SWITCHING");
        assertThat(Refusals.of(() -> cloud.tasks()
                .cancelTask(CancelTaskRequest.newBuilder().setName(second.getName()).build())).reason())
                .isEqualTo("MIGRATION_SWITCHING");
        // The source's run seems over; it is not, as the destination may go on with it.
        source.letsGo("web-1", io.drover.proto.agent.v1.MigrationObservation.getDefaultInstance());
        hosts.areDone(hosts.commits());
        assertThat(cloud.end(second).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/h2");
    }

    @Test
    void aStopEndsAMigrationAndATaskThatIsCancelledDoesToo() throws Exception {
        start();
        twoHosts();
        Task task = cloud.migrations().migrateVm(move("h2").build());
        copying(task);
        Task stop = cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build());
        assertThat(cloud.end(stop).getState()).isEqualTo(Task.State.SUCCEEDED);
        Task end = cloud.end(task);
        assertThat(end.getState()).isEqualTo(Task.State.FAILED);
        assertThat(end.getError().getMessage()).contains("the VM is to be stopped");
        destination.letsGo("web-1", io.drover.proto.agent.v1.MigrationObservation.newBuilder()
                .setId(migration(task).replace("migrations/", ""))
                .setPhase(io.drover.proto.agent.v1.MigrationObservation.Phase.FAILED).build());
        assertThat(cloud.vm("web-1").getState()).isEqualTo(VmState.VM_STATE_STOPPED);

        cloud.end(cloud.vms().startVm(
                io.drover.proto.v1.StartVmRequest.newBuilder().setName("vms/web-1").build()));
        String to = cloud.vm("web-1").getHost().equals("hosts/h1") ? "h2" : "h1";
        Task next = cloud.migrations().migrateVm(move(to).build());
        cloud.tasks().cancelTask(CancelTaskRequest.newBuilder().setName(next.getName()).build());
        assertThat(get(migration(next)).getCancelRequested()).isTrue();
        (to.equals("h2") ? hosts : new FakeMigration("web-1", /* source= */ destination, /* destination= */ source))
                .aborts("cancelled");
        assertThat(cloud.end(next).getState()).isEqualTo(Task.State.CANCELLED);
    }

    @Test
    void whatCannotWorkIsRefusedWithEveryReasonBeforeAnythingIsWritten() throws Exception {
        start();
        Vm vm = twoHosts();
        cloud.host("old");
        cloud.hosts().cordonHost(CordonHostRequest.newBuilder().setName("hosts/old").build());
        Refusals old = Refusals.of(() -> cloud.migrations().migrateVm(move("old").build()));
        assertThat(old.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(old.reason()).isEqualTo("CANNOT_MIGRATE");
        assertThat(old.message()).contains("takes part in no migrations", "is cordoned");
        assertThat(Refusals.of(() -> cloud.migrations().migrateVm(move("h1").build())).reason())
                .isEqualTo("SAME_HOST");
        assertThat(Refusals.of(() -> cloud.migrations().migrateVm(move("nowhere").build())).reason())
                .isEqualTo("NO_SUCH_HOST");
        Refusals postCopy = Refusals.of(() -> cloud.migrations().migrateVm(move("h2").setOptions(MigrationOptions
                .newBuilder().setPolicy(MigrationOptions.Policy.POST_COPY).setStreams(17)
                .setDowntime(Duration.newBuilder().setSeconds(61))).build()));
        assertThat(postCopy.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(postCopy.message()).contains("POST_COPY, which is not there yet", "17", "61000 ms");

        Task dry = cloud.migrations().migrateVm(move("").setValidateOnly(true).build());
        assertThat(dry.getName()).isEmpty();
        assertThat(dry.getProgress()).isEqualTo("would move vms/web-1 from hosts/h1 to hosts/h2");
        cloud.hosts().cordonHost(CordonHostRequest.newBuilder().setName("hosts/h2").build());
        Refusals none = Refusals.of(() -> cloud.migrations().migrateVm(move("").setValidateOnly(true).build()));
        assertThat(none.reason()).isEqualTo("NO_HOST_FITS");
        assertThat(cloud.migrations().listMigrations(ListMigrationsRequest.getDefaultInstance()).getMigrationsList())
                .isEmpty();
        assertThat(cloud.vm("web-1")).isEqualTo(vm);
    }

    @Test
    void aDeviceThatIsBoundToTheHostAndAVmThatDoesNotRunStay() throws Exception {
        start();
        source = cloud.migratingHost("h1", false);
        cloud.migratingHost("h2", true);
        cloud.end(cloud.vms().createVm(Cloud.creation("web-1", Cloud.spec(1, 64 * Cloud.MIB).toBuilder()
                .setConsoles(VmConsoles.newBuilder().addPorts("agent")).build())));
        Refusals bound = Refusals.of(() -> cloud.migrations().migrateVm(move("").build()));
        assertThat(bound.reason()).isEqualTo("HOST_BOUND_DEVICE");
        assertThat(bound.message()).contains("port agent");
        cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build()));
        assertThat(Refusals.of(() -> cloud.migrations().migrateVm(move("").build())).message())
                .contains("does not run");
    }

    @Test
    void disksGoAlongOnlyToAHostThatTakesThem() throws Exception {
        start();
        source = cloud.migratingHost("h1", true);
        cloud.end(cloud.vms().createVm(Cloud.creation("web-1", Cloud.spec(1, 64 * Cloud.MIB).toBuilder()
                .addDisks(VmDisk.newBuilder().setName("data").setSizeBytes(Cloud.MIB)).build())));
        cloud.migratingHost("h3", false);
        assertThat(Refusals.of(() -> cloud.migrations().migrateVm(move("h3").build())).reason())
                .isEqualTo("DISKS_STAY");
        destination = cloud.migratingHost("h2", true);
        hosts = new FakeMigration("web-1", source, destination);
        Task task = cloud.migrations().migrateVm(move("").build());
        copying(task);
        assertThat(get(migration(task)).getDestination()).isEqualTo("hosts/h2");
        Refusals change = Refusals.of(() -> cloud.vms().attachDisk(AttachDiskRequest.newBuilder().setName("vms/web-1")
                .setDisk(VmDisk.newBuilder().setName("more").setSizeBytes(Cloud.MIB)).build()));
        assertThat(change.reason()).isEqualTo("MIGRATION_UNDER_WAY");
        assertThat(Refusals.of(() -> cloud.migrations().migrateVm(move("h2").build())).reason())
                .isEqualTo("MIGRATION_UNDER_WAY");
        hosts.switches();
        hosts.areDone(hosts.commits());
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        Eventually.get(() -> source.runs("web-1"), List::isEmpty);
        assertThat(destination.writes("web-1", same -> same).getDisksHost()).isEqualTo("h2");
    }

    @Test
    void aVmOfASourceThatIsLostWhileItCopiesIsTakenOver() throws Exception {
        start();
        source = cloud.leasingMigratingHost("h1");
        cloud.runningUnderLeases("web-1");
        destination = cloud.leasingMigratingHost("h2");
        hosts = new FakeMigration("web-1", source, destination);
        Task task = cloud.migrations().migrateVm(move("h2").build());
        String name = copying(task);
        source.die();
        Vm after = Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getEpoch() == 3
                && vm.getState() == VmState.VM_STATE_RUNNING);
        assertThat(after.getHost()).isEqualTo("hosts/h2");
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.FAILED);
        assertThat(get(name).getMessage()).contains("is away");
    }

    @Test
    void whileItSwitchesAVmOfALostSourceIsLeftToItsDestination() throws Exception {
        start();
        source = cloud.leasingMigratingHost("h1");
        cloud.runningUnderLeases("web-1");
        cloud.runningUnderLeases("other");
        destination = cloud.leasingMigratingHost("h2");
        hosts = new FakeMigration("web-1", source, destination);
        Task task = cloud.migrations().migrateVm(move("h2").build());
        copying(task);
        hosts.switches();
        source.die();
        // Of the same host, and not on its way: it is taken over, so that the wait is over for the other one, too.
        Eventually.get(() -> cloud.vm("other"), vm -> !vm.getHost().equals("hosts/h1"));
        assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/h1");
        long epoch = hosts.commits();
        destination.goesOn("web-1", epoch, io.drover.proto.agent.v1.MigrationObservation.newBuilder()
                .setId(migration(task).replace("migrations/", ""))
                .setPhase(io.drover.proto.agent.v1.MigrationObservation.Phase.COMPLETED).build());
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/h2");
    }

    @Test
    void roomIsHeldOnBothHostsWhileAVmMigratesAndOnOneAfterwards() throws Exception {
        start();
        source = cloud.migratingHost("h1", 1);
        cloud.running("web-1");
        destination = cloud.migratingHost("h2", 1);
        hosts = new FakeMigration("web-1", source, destination);
        Task task = cloud.migrations().migrateVm(move("h2").build());
        copying(task);
        Task create = cloud.vms().createVm(Cloud.creation("other"));
        Eventually.get(() -> cloud.vm("other"), vm -> vm.getStateMessage().contains("vcpus 2"));
        hosts.switches();
        hosts.areDone(hosts.commits());
        assertThat(cloud.end(create).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("other").getHost()).isEqualTo("hosts/h1");
        assertThat(cloud.hosts().getHost(GetHostRequest.newBuilder().setName("hosts/h2").build()).getMigrations()
                .getNewestProtocol()).isEqualTo(1);
    }

    @Test
    void aPersonsWordOnTheSourceWaitsForTheDestinationOrForAWordOnThatToo() throws Exception {
        start();
        twoHosts();
        FakeAgent third = cloud.host("h3");
        Task task = cloud.migrations().migrateVm(move("h2").build());
        copying(task);
        hosts.switches();
        Eventually.get(() -> get(migration(task)), seen -> seen.getState() == Migration.State.SWITCHING);
        source.die();
        destination.die();
        for (String host : List.of("hosts/h1", "hosts/h2")) {
            Eventually.get(() -> cloud.hosts().getHost(GetHostRequest.newBuilder().setName(host).build()),
                    seen -> seen.getState() == Host.State.AWAY);
        }
        Task first = cloud.hosts().confirmHostOff(ConfirmHostOffRequest.newBuilder().setName("hosts/h1").build());
        Eventually.get(() -> cloud.hosts().getHost(GetHostRequest.newBuilder().setName("hosts/h1").build()),
                seen -> seen.getState() == Host.State.FENCING);
        assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/h1");
        Task second = cloud.hosts().confirmHostOff(ConfirmHostOffRequest.newBuilder().setName("hosts/h2").build());
        assertThat(cloud.end(second).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.end(first).getState()).isEqualTo(Task.State.SUCCEEDED);
        Vm anew = Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getHost().equals("hosts/h3")
                && vm.getState() == VmState.VM_STATE_RUNNING);
        assertThat(anew.getEpoch()).isEqualTo(3);
        assertThat(third.running()).containsExactly(anew.getUid() + " 3");
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.FAILED);
    }

    @Test
    void aMigrationIsWatchedToItsEndOverGrpcAndAsJson() throws Exception {
        start();
        twoHosts();
        Task task = cloud.migrations().migrateVm(move("h2").build());
        String name = copying(task);
        var watch = cloud.migrations().watchMigration(WatchMigrationRequest.newBuilder().setName(name).build());
        assertThat(watch.read().getMigration().getState()).isEqualTo(Migration.State.COPYING);
        hosts.copies(700);
        Migration told = watch.read().getMigration();
        assertThat(told.getProgress().getRemainingBytes()).isEqualTo(700);
        hosts.switches();
        hosts.areDone(hosts.commits());
        Migration last = told;
        for (var next = watch.read(); next != null; next = watch.read()) {
            last = next.getMigration();
        }
        assertThat(last.getState()).isEqualTo(Migration.State.SUCCEEDED);
        assertThat(last.hasReport()).isTrue();
        HttpClient http = HttpClient.newHttpClient();
        String lines = http.send(HttpRequest.newBuilder(URI.create("http://" + cloud.api() + "/v1/" + name + ":watch"))
                .build(), HttpResponse.BodyHandlers.ofString()).body();
        assertThat(lines).contains("\"state\":\"SUCCEEDED\"").contains("\"downtime\"");
        assertThat(http.send(HttpRequest.newBuilder(URI.create("http://" + cloud.api() + "/v1/vms/web-1:migrate"))
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"destination\": \"hosts/h2\"}")).build(),
                HttpResponse.BodyHandlers.ofString()).body()).contains("SAME_HOST", "PreconditionFailure");
    }

    @Test
    void aConsoleSessionFollowsItsVm() throws Exception {
        start();
        twoHosts();
        var console = cloud.vms().attachConsole();
        console.write(AttachConsoleRequest.newBuilder().setName("vms/web-1").build());
        assertThat(console.read().getOutput().toStringUtf8()).isEqualTo("scrollback\n");
        Task task = cloud.migrations().migrateVm(move("h2").build());
        copying(task);
        hosts.switches();
        hosts.areDone(hosts.commits());
        Eventually.get(() -> destination.sessions("web-1"), open -> open == 1);
        console.write(AttachConsoleRequest.newBuilder()
                .setInput(com.google.protobuf.ByteString.copyFromUtf8("uptime")).build());
        assertThat(console.read().getOutput().toStringUtf8()).as("no scrollback twice").isEqualTo("echo uptime");
        console.halfClose();
    }
}
