package io.drover.controller.vm;

import io.drover.controller.problem.Violations;
import io.drover.controller.record.Consoles;
import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.Disk;
import io.drover.controller.record.GuestDevices;
import io.drover.controller.record.HaPolicy;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Nic;
import io.drover.controller.record.Resources;
import io.drover.controller.record.VmSpec;
import io.drover.proto.v1.VmBalloon;
import io.drover.proto.v1.VmNic;
import io.drover.proto.v1.VmWatchdog;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The spec of a VM in the public API: checked on the way in, shown on the way out. */
public final class VmSpecs {
    /** Of the image and the VM together; the kernel's own limit less the final zero (Linux x86 COMMAND_LINE_SIZE). */
    public static final int MAX_COMMAND_LINE_BYTES = 2_047;

    private static final int MAX_VCPUS = 64;
    private static final long MIN_MEMORY_BYTES = 16L << 20;
    /** An x86-64 processor addresses at most 52 bits of memory (Intel SDM volume 3A, 4.1.4). */
    private static final long MAX_MEMORY_BYTES = 1L << 52;
    private static final long MEMORY_STEP_BYTES = 2L << 20;
    private static final long MEMORY_TARGET_STEP_BYTES = 1L << 20;
    /** The rest of a record of 2 KiB is for its state. */
    private static final int MAX_SPEC_BYTES = 1_100;
    private static final int MAX_LABELS = 16;
    private static final int MAX_CPU_FEATURES = 32;
    private static final int MAX_LABEL_CHARS = 63;
    private static final Set<String> DRIVERS = Set.of("", "kvm", "qemu");
    private static final Pattern CPU_FEATURE = Pattern.compile("[a-z0-9_.]{1,32}");

    private VmSpecs() {}

    /**
     * What a client asks for.
     *
     * @param field the path of the spec in its request.
     * @return empty when anything is wrong with it
     */
    static Optional<VmSpec> read(io.drover.proto.v1.VmSpec spec, String field, Violations violations) {
        violations.require(spec.getVcpus() >= 1 && spec.getVcpus() <= MAX_VCPUS, field + ".vcpus",
                spec.getVcpus() + " (expected: 1 to " + MAX_VCPUS + ")");
        long memory = spec.getMemoryBytes();
        violations.require(memory >= MIN_MEMORY_BYTES && memory <= MAX_MEMORY_BYTES && memory % MEMORY_STEP_BYTES == 0,
                field + ".memory_bytes", memory + " (expected: a multiple of 2 MiB, at least 16 MiB, at most 4 PiB)");
        Optional<ImageId> image = violations.name(field + ".image", spec.getImage(), ImageId.COLLECTION, ImageId::new);
        violations.require(DRIVERS.contains(spec.getDriver()), field + ".driver",
                Violations.quoted(spec.getDriver()) + " (expected: \"kvm\", \"qemu\" or nothing)");
        commandLine(spec.getExtraCommandLine(), field + ".extra_command_line", violations);
        violations.require(spec.getHostSelectorCount() <= MAX_LABELS, field + ".host_selector",
                spec.getHostSelectorCount() + " labels (expected: at most " + MAX_LABELS + ")");
        for (Map.Entry<String, String> label : spec.getHostSelectorMap().entrySet()) {
            violations.require(!label.getKey().isEmpty() && label.getKey().length() <= MAX_LABEL_CHARS
                    && label.getValue().length() <= MAX_LABEL_CHARS, field + ".host_selector",
                    Violations.quoted(label.getKey() + "=" + label.getValue()) + " (expected: a key of 1 to "
                            + MAX_LABEL_CHARS
                            + " characters and a value of at most as many)");
        }
        violations.require(spec.getCpuFeaturesCount() <= MAX_CPU_FEATURES, field + ".cpu_features",
                spec.getCpuFeaturesCount() + " features (expected: at most " + MAX_CPU_FEATURES + ")");
        for (String feature : spec.getCpuFeaturesList()) {
            violations.require(CPU_FEATURE.matcher(feature).matches(), field + ".cpu_features",
                    Violations.quoted(feature) + " (expected: a flag as in /proc/cpuinfo)");
        }
        Optional<CpuModelId> cpuModel = spec.getCpuModel().isEmpty() ? Optional.empty()
                : violations.name(field + ".cpu_model", spec.getCpuModel(), CpuModelId.COLLECTION, CpuModelId::new);
        violations.require(spec.getCpuModel().isEmpty() || !spec.getDriver().equals("qemu"), field + ".cpu_model",
                Violations.quoted(spec.getCpuModel())
                        + " (expected: none, as the driver qemu has no CPU models; ask for kvm or no driver)");
        List<Disk> disks = VmDisks.read(spec.getDisksList(), field + ".disks", violations);
        List<Nic> nics = VmNics.read(spec.getNicsList(), spec.getDriver(), field + ".nics", violations);
        Consoles consoles = VmConsoles.read(spec.getConsoles(), field + ".consoles", violations);
        violations.require(!spec.getVsock() || !spec.getDriver().equals("qemu"), field + ".vsock",
                "the driver qemu has no vsock (expected: the driver kvm, or none named)");
        Optional<HaPolicy> ha = ha(spec, field, violations);
        Optional<GuestDevices> devices = devices(spec, field, violations);
        Resources resources = VmResourceSpecs.read(spec, field, violations);
        long target = spec.getMemoryTargetBytes();
        violations.require(target >= 0 && target <= memory && target % MEMORY_TARGET_STEP_BYTES == 0
                && (target == 0 || spec.hasBalloon()), field + ".memory_target_bytes",
                target
                        + " (expected: a multiple of 1 MiB, at most the VM's memory, for a VM with a balloon; 0 for all of it)");
        violations.require(spec.getSerializedSize() <= MAX_SPEC_BYTES, field,
                spec.getSerializedSize() + " bytes (expected: at most " + MAX_SPEC_BYTES
                        + "; put a long command line into the image)");
        if (!violations.none() || image.isEmpty() || devices.isEmpty() || ha.isEmpty()) {
            return Optional.empty();
        }
        return Optional
                .of(new VmSpec(spec.getVcpus(), memory, image.get(), spec.getExtraCommandLine(), spec.getDriver(),
                        spec.getHostSelectorMap(), spec.getCpuFeaturesList().stream().distinct().sorted().toList(),
                        disks, nics, spec.getVsock(), consoles, cpuModel, devices.get(), resources, target,
                        ha.get()));
    }

    private static Optional<HaPolicy> ha(io.drover.proto.v1.VmSpec spec, String field, Violations violations) {
        Optional<HaPolicy> policy = switch (spec.getHaPolicy()) {
            case HA_POLICY_UNSPECIFIED, HA_POLICY_NONE -> Optional.of(HaPolicy.NONE);
            case HA_POLICY_RESTART -> Optional.of(HaPolicy.RESTART);
            case UNRECOGNIZED -> Optional.empty();
        };
        violations.require(policy.isPresent(), field + ".ha_policy",
                spec.getHaPolicyValue() + " (expected: HA_POLICY_NONE or HA_POLICY_RESTART)");
        violations.require(!policy.equals(Optional.of(HaPolicy.RESTART)) || !spec.getDriver().equals("qemu"),
                field + ".ha_policy",
                "HA_POLICY_RESTART needs leases, which the driver qemu has not: QEMU would run on where "
                        + "its agent is dead (expected: the driver kvm, or none named)");
        return policy;
    }

    private static Optional<GuestDevices> devices(io.drover.proto.v1.VmSpec spec, String field,
            Violations violations) {
        if (!spec.hasWatchdog()) {
            return Optional.of(new GuestDevices(spec.hasBalloon(), Optional.empty()));
        }
        Optional<GuestDevices.Watchdog> watchdog = switch (spec.getWatchdog().getAction()) {
            case RESET -> Optional.of(GuestDevices.Watchdog.RESET);
            case POWER_OFF -> Optional.of(GuestDevices.Watchdog.POWER_OFF);
            case ACTION_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
        };
        violations.require(watchdog.isPresent(), field + ".watchdog.action",
                spec.getWatchdog().getActionValue() + " (expected: RESET or POWER_OFF)");
        return watchdog.map(action -> new GuestDevices(spec.hasBalloon(), Optional.of(action)));
    }

    /** A kernel's command line is printable and on one line: anything else it would take for something that was not meant. */
    public static void commandLine(String text, String field, Violations violations) {
        violations.require(text.chars().allMatch(c -> c >= ' ' && c < 127), field,
                "has characters that are not printable ASCII (expected: one line)");
        violations.require(text.getBytes(StandardCharsets.UTF_8).length <= MAX_COMMAND_LINE_BYTES, field,
                text.length() + " bytes (expected: at most " + MAX_COMMAND_LINE_BYTES + ")");
    }

    /** As its user asked for it, with all that the server adds left out. */
    static io.drover.proto.v1.VmSpec asked(VmSpec spec) {
        io.drover.proto.v1.VmSpec.Builder message = message(spec, "").toBuilder();
        message.getNicsBuilderList().forEach(VmNic.Builder::clearEffectiveMac);
        return message.build();
    }

    /**
     * As users see it.
     *
     * @param uid of the VM
     */
    static io.drover.proto.v1.VmSpec message(VmSpec spec, String uid) {
        io.drover.proto.v1.VmSpec.Builder message = io.drover.proto.v1.VmSpec.newBuilder().setVcpus(spec.vcpus())
                .setMemoryBytes(spec.memoryBytes())
                .setImage(spec.image().resourceName()).setExtraCommandLine(spec.extraCommandLine())
                .setDriver(spec.driver())
                .putAllHostSelector(spec.hostSelector()).addAllCpuFeatures(spec.cpuFeatures())
                .addAllDisks(spec.disks().stream().map(VmDisks::message).toList())
                .addAllNics(spec.nics().stream().map(nic -> VmNics.message(nic, uid)).toList()).setVsock(spec.vsock())
                .setCpuModel(spec.cpuModel().map(CpuModelId::resourceName).orElse(""))
                .setMemoryTargetBytes(spec.memoryTargetBytes());
        if (spec.consoles().any()) {
            message.setConsoles(VmConsoles.message(spec.consoles()));
        }
        if (!spec.resources().equals(Resources.NONE)) {
            message.setResources(VmResourceSpecs.message(spec.resources()));
        }
        if (spec.devices().balloon()) {
            message.setBalloon(VmBalloon.getDefaultInstance());
        }
        if (spec.ha() == HaPolicy.RESTART) {
            message.setHaPolicy(io.drover.proto.v1.HaPolicy.HA_POLICY_RESTART);
        }
        if (spec.devices().watchdog().isPresent()) {
            VmWatchdog.Action action = switch (spec.devices().watchdog().get()) {
                case RESET -> VmWatchdog.Action.RESET;
                case POWER_OFF -> VmWatchdog.Action.POWER_OFF;
            };
            message.setWatchdog(VmWatchdog.newBuilder().setAction(action));
        }
        return message.build();
    }
}
