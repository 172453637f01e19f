package io.drover.demo;

import io.drover.cli.Failure;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Lists;
import io.drover.cli.api.ResourceNames;
import io.drover.debian.DebianPackages;
import io.drover.debian.DemoImage;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.HostDriver;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmState;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * From nothing to the shells of two VMs and back, every part real: a small guest in memory, and a Debian on a disk with a
 * network. Each step checks that it did what it says.
 */
final class Demo {
    private static final List<String> HOSTS = List.of("host-1", "host-2");
    /** A kernel with a shell in memory: up in seconds. */
    private static final String SMALL = "small-1";
    private static final String SMALL_IMAGE = "small";
    private static final int SMALL_VCPUS = 1;
    private static final List<String> VMS = List.of(SMALL, DiskGuest.ID);
    private static final Duration END = Duration.ofSeconds(30);
    /** A kernel boots in software on two shared cores in a quarter of this. */
    private static final Duration BOOT = Duration.ofMinutes(4);
    private static final Duration ANSWER = Duration.ofSeconds(60);
    private static final Duration HOSTS_READY = Duration.ofSeconds(60);

    private final Cloud cloud;
    private final Narrator narrator;

    Demo(Cloud cloud, Narrator narrator) {
        this.cloud = cloud;
        this.narrator = narrator;
    }

    /** Runs all steps up to the guests' answers; the cloud and its VMs run on. Returns how the VMs were run. */
    String begin() throws DemoFailure, Failure, IOException, InterruptedException {
        MissingPackages packages = new MissingPackages(narrator);
        packages.installTools();
        narrator.step("starts a controller with ZooKeeper in it, and " + HOSTS.size() + " agents");
        Component controller = cloud.startController();
        narrator.detail("controller: process " + controller.pid() + ", API at " + cloud.api() + ", ZooKeeper at "
                + cloud.zookeeper());
        cloud.startAgents(HOSTS, List.of());
        cloud.agents().forEach(agent -> narrator.detail(agent.name() + ": process " + agent.pid()));

        try (ApiClient api = ApiClient.connect(cloud.api(), Optional.empty())) {
            String driver = awaitDriver(api, packages);
            Commands commands = new Commands(narrator, cloud.api());
            commands.run("host", "list");
            DiskGuest debian = new DiskGuest(narrator, commands);
            debian.addImages();
            addSmallImage(commands);

            narrator.step("creates " + VMS.size() + " VMs");
            commands.run("vm", "create", SMALL, "--image", SMALL_IMAGE, "--vcpus", String.valueOf(SMALL_VCPUS),
                    "--memory", "256M", "--append", "hostname=" + SMALL, "--explain");
            meet(api, driver);
            debian.create();
            commands.run("vm", "list");
            debian.meet(api);
            check(vm(api, DiskGuest.ID).getDriver().equals(driver),
                    DiskGuest.ID + " is not run by " + driver + " for the controller");
            move(api, commands, driver);
            return driver;
        }
    }

    /** Guests that QEMU runs stay where they are. */
    private void move(ApiClient api, Commands commands, String driver)
            throws DemoFailure, Failure, InterruptedException {
        if (driver.equals("kvm")) {
            new Journey(narrator, commands, SMALL).go(api, HOSTS);
        } else {
            narrator.step("moves no VM: guests of the driver " + driver + " do not migrate, those of kvm do");
        }
    }

    private void addSmallImage(Commands commands) throws DemoFailure, IOException, InterruptedException {
        narrator.step("makes a small image of Debian's kernel and busybox, and adds it");
        DemoImage image = DemoImage.build(DebianPackages.defaultCache(), narrator::detail);
        image.packages().forEach(used -> narrator.detail(used.name() + " " + used.version()));
        commands.run("image", "add", SMALL_IMAGE, "--kernel", image.kernel().toString(), "--initramfs",
                image.initramfs().toString(), "--command-line", image.commandLine());
    }

    /** The driver that the VMs will have: kvm where it works, else qemu, which is installed when it is missing. */
    private String awaitDriver(ApiClient api, MissingPackages packages)
            throws DemoFailure, Failure, IOException, InterruptedException {
        Optional<String> driver = best(awaitHosts(api));
        if (driver.isEmpty()) {
            packages.installQemu(reasons(awaitHosts(api)));
            for (Component agent : cloud.agents()) {
                agent.terminate();
                agent.awaitEnd(END);
            }
            cloud.startAgents(HOSTS, List.of());
            driver = best(awaitHosts(api));
        }
        String found = driver.orElseThrow(() -> new DemoFailure("no driver works here"));
        narrator.step("VMs will run with the driver " + found);
        narrator.detail(reasons(Lists.hosts(api).subList(0, 1)));
        return found;
    }

    private static Optional<String> best(List<Host> hosts) {
        return List.of("kvm", "qemu").stream()
                .filter(name -> hosts.stream().allMatch(host -> host.getDriversList().stream()
                        .anyMatch(driver -> driver.getName().equals(name) && driver.getUsable())))
                .findFirst();
    }

    private static String reasons(List<Host> hosts) {
        return hosts.stream().flatMap(host -> host.getDriversList().stream()).map(Demo::reason).distinct()
                .collect(Collectors.joining("\n"));
    }

    private static String reason(HostDriver driver) {
        return driver.getName() + (driver.getUsable() ? " works: " : " does not work: ") + driver.getMessage();
    }

    private List<Host> awaitHosts(ApiClient api) throws DemoFailure, Failure, InterruptedException {
        long deadline = System.nanoTime() + HOSTS_READY.toNanos();
        while (true) {
            List<Host> hosts = Lists.hosts(api);
            if (hosts.size() == HOSTS.size() && hosts.stream().allMatch(host -> host.getState() == Host.State.READY)) {
                return hosts;
            }
            if (System.nanoTime() > deadline) {
                throw new DemoFailure("after " + HOSTS_READY.toSeconds() + " s the hosts are not ready: "
                        + hosts.stream()
                                .map(host -> host.getName() + " " + host.getState() + " " + host.getStateMessage())
                                .collect(Collectors.joining(", ")));
            }
            Thread.sleep(200);
        }
    }

    /** Looks on while the small guest boots, checks what it says of itself, and talks to its shell. */
    private void meet(ApiClient api, String driver) throws DemoFailure, Failure, InterruptedException {
        narrator.step("looks at the console of " + SMALL + " ($ drover vm console " + SMALL + ")");
        try (GuestConsole console = new GuestConsole(api, ResourceNames.VM.full(SMALL),
                line -> narrator.guest(SMALL, line))) {
            console.await(DemoImage.INIT_LINE, BOOT);
            console.await(DemoImage.BANNER_LINE, ANSWER);
            String printed = console.await(SMALL + DemoImage.PROMPT, ANSWER);
            check(printed.contains("driver     " + driver + " ("),
                    SMALL + " does not say that " + driver + " runs it");
            check(printed.contains("CPUs       " + SMALL_VCPUS), SMALL + " does not see " + SMALL_VCPUS + " CPUs");
            narrator.step("types a command into the console of " + SMALL);
            console.ask("echo $(hostname) computes $((6 * 7))", SMALL + " computes 42", ANSWER);
        }
        check(vm(api, SMALL).getDriver().equals(driver), SMALL + " is not run by " + driver + " for the controller");
    }

    /** Stops and deletes the VMs and ends the cloud. */
    void end() throws DemoFailure, Failure, InterruptedException {
        Commands commands = new Commands(narrator, cloud.api());
        try (ApiClient api = ApiClient.connect(cloud.api(), Optional.empty())) {
            narrator.step("stops the VMs: presses their power buttons");
            for (String id : VMS) {
                commands.run("vm", "stop", id, "--grace", "120s");
                Vm vm = vm(api, id);
                check(vm.getState() == VmState.VM_STATE_STOPPED && vm.getLastExit().getCause() == VmExit.Cause.STOPPED,
                        id + " did not obey its power button: " + vm.getState() + ", " + vm.getLastExit().getCause()
                                + " "
                                + vm.getLastExit().getMessage());
            }
            narrator.step("deletes the VMs and the images");
            for (String id : VMS) {
                commands.run("vm", "delete", id);
            }
            check(Lists.vms(api, "").isEmpty(), "there are still VMs: " + Lists.vms(api, ""));
            for (String image : List.of(SMALL_IMAGE, DiskGuest.KERNEL_IMAGE, DiskGuest.DISK_IMAGE)) {
                commands.run("image", "delete", image);
            }
            check(Lists.images(api).isEmpty(), "there are still images: " + Lists.images(api));
        }
        narrator.step("ends the agents and the controller");
        cloud.stop(END);
    }

    private static Vm vm(ApiClient api, String id) throws Failure {
        return api.call("cannot look at " + id,
                () -> api.vms().getVm(GetVmRequest.newBuilder().setName(ResourceNames.VM.full(id)).build()));
    }

    private static void check(boolean holds, String failure) throws DemoFailure {
        if (!holds) {
            throw new DemoFailure(failure);
        }
    }
}
