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

/** From nothing to two VMs' shells and back, every part real. Each step checks that it did what it says. */
final class Demo {
    private static final List<String> HOSTS = List.of("host-1", "host-2");
    private static final List<String> VMS = List.of("demo-1", "demo-2");
    private static final String IMAGE = "debian";
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
        narrator.step("starts a controller with ZooKeeper in it, and " + HOSTS.size() + " agents");
        Component controller = cloud.startController();
        narrator.detail("controller: process " + controller.pid() + ", API at " + cloud.api() + ", ZooKeeper at "
                + cloud.zookeeper());
        cloud.startAgents(HOSTS, List.of());
        cloud.agents().forEach(agent -> narrator.detail(agent.name() + ": process " + agent.pid()));

        try (ApiClient api = ApiClient.connect(cloud.api(), Optional.empty())) {
            String driver = awaitDriver(api);
            Commands commands = new Commands(narrator, cloud.api());
            commands.run("host", "list");

            narrator.step("makes an image from Debian packages");
            DemoImage image = DemoImage.build(DebianPackages.defaultCache(), narrator::detail);
            image.packages().forEach(used -> narrator.detail(used.name() + " " + used.version()));
            narrator.detail("kernel     sha256 " + image.kernelSha256());
            narrator.detail("initramfs  sha256 " + image.initramfsSha256());
            narrator.step("adds the image");
            commands.run("image", "add", IMAGE, "--kernel", image.kernel().toString(), "--initramfs",
                    image.initramfs().toString(), "--command-line", image.commandLine());

            narrator.step("creates " + VMS.size() + " VMs");
            for (int i = 0; i < VMS.size(); i++) {
                commands.run("vm", "create", VMS.get(i), "--image", IMAGE, "--vcpus", String.valueOf(i + 1), "--memory",
                        "256M",
                        "--append", "hostname=" + VMS.get(i), "--explain");
            }
            commands.run("vm", "list");
            for (int i = 0; i < VMS.size(); i++) {
                meet(api, VMS.get(i), i + 1, driver);
            }
            return driver;
        }
    }

    /** The driver that the VMs will have: kvm where it works, else qemu, which is installed when it is missing. */
    private String awaitDriver(ApiClient api) throws DemoFailure, Failure, IOException, InterruptedException {
        Optional<String> driver = best(awaitHosts(api));
        if (driver.isEmpty()) {
            QemuPackage.install(narrator, reasons(awaitHosts(api)));
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

    /** Looks on while a guest boots, checks what it says of itself, and talks to its shell. */
    private void meet(ApiClient api, String id, int vcpus, String driver)
            throws DemoFailure, Failure, InterruptedException {
        narrator.step("looks at the console of " + id + " ($ drover vm console " + id + ")");
        try (GuestConsole console = new GuestConsole(api, ResourceNames.VM.full(id),
                line -> narrator.guest(id, line))) {
            console.await(DemoImage.INIT_LINE, BOOT);
            console.await(DemoImage.BANNER_LINE, ANSWER);
            String printed = console.await(id + DemoImage.PROMPT, ANSWER);
            check(printed.contains("driver     " + driver + " ("), id + " does not say that " + driver + " runs it");
            check(printed.contains("CPUs       " + vcpus), id + " does not see " + vcpus + " CPUs");
            narrator.step("types a command into the console of " + id);
            console.ask("echo $(hostname) computes $((6 * 7))", id + " computes 42", ANSWER);
        }
        check(vm(api, id).getDriver().equals(driver), id + " is not run by " + driver + " for the controller");
    }

    /** Stops and deletes the VMs and ends the cloud. */
    void end() throws DemoFailure, Failure, InterruptedException {
        Commands commands = new Commands(narrator, cloud.api());
        try (ApiClient api = ApiClient.connect(cloud.api(), Optional.empty())) {
            narrator.step("stops the VMs: presses their power buttons");
            for (String id : VMS) {
                commands.run("vm", "stop", id, "--grace", "90s");
                Vm vm = vm(api, id);
                check(vm.getState() == VmState.VM_STATE_STOPPED && vm.getLastExit().getCause() == VmExit.Cause.STOPPED,
                        id + " did not obey its power button: " + vm.getState() + ", " + vm.getLastExit().getCause()
                                + " "
                                + vm.getLastExit().getMessage());
            }
            narrator.step("deletes the VMs and the image");
            for (String id : VMS) {
                commands.run("vm", "delete", id);
            }
            check(Lists.vms(api, "").isEmpty(), "there are still VMs: " + Lists.vms(api, ""));
            commands.run("image", "delete", IMAGE);
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
