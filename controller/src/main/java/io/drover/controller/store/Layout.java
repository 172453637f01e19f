package io.drover.controller.store;

import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.HostId;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.RecordKey;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.VmId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where the records are in ZooKeeper, as state.proto says. */
final class Layout {
    static final String ROOT = "/drover";
    static final String LATCH = ROOT + "/controllers";
    /** Of every record: a higher one is of a newer program and must not be touched. */
    static final int FORMAT = 1;
    /** A record of a VM is smaller than this; so there may be 100,000. */
    static final int MAX_VM_RECORD_BYTES = 2048;

    private static final int SHARDS = 64;
    private static final String VMS = ROOT + "/vms";
    private static final String TASKS = ROOT + "/tasks";
    private static final String HOSTS = ROOT + "/hosts";
    private static final String LIVE = ROOT + "/live";
    private static final String IMAGES = ROOT + "/images";
    private static final String CPU_MODELS = ROOT + "/cpumodels";

    private Layout() {}

    /** What a path names. */
    sealed interface Place {
        record Of(RecordKey key) implements Place {}

        record SessionOf(HostId host) implements Place {}
    }

    /** Every node that is no record, parents first. */
    static List<String> parents() {
        List<String> paths = new ArrayList<>(List.of(ROOT, HOSTS, LIVE, VMS, IMAGES, CPU_MODELS, TASKS, LATCH));
        for (int shard = 0; shard < SHARDS; shard++) {
            paths.add(VMS + "/" + shardName(shard));
            paths.add(TASKS + "/" + shardName(shard));
        }
        return paths;
    }

    /** The nodes whose children are the records. */
    static List<String> folders() {
        return parents().stream().filter(path -> !path.equals(ROOT) && !path.equals(VMS) && !path.equals(TASKS)
                && !path.equals(LATCH)).toList();
    }

    static String path(RecordKey key) {
        return switch (key) {
            case VmId vm -> VMS + "/" + shard(vm.value()) + "/" + vm.value();
            case TaskId task -> TASKS + "/" + shard(task.value()) + "/" + task.value();
            case HostId host -> HOSTS + "/" + host.value();
            case ImageId image -> IMAGES + "/" + image.value();
            case CpuModelId model -> CPU_MODELS + "/" + model.value();
        };
    }

    static String session(HostId host) {
        return LIVE + "/" + host.value();
    }

    /** Empty for a node that is no record of ours, whoever made it. */
    static Optional<Place> place(String path) {
        String[] parts = path.split("/", -1);
        if (parts.length < 4 || !path.startsWith(ROOT + "/")) {
            return Optional.empty();
        }
        String id = parts[parts.length - 1];
        try {
            return switch (parts[2] + "/" + parts.length) {
                case "hosts/4" -> Optional.of(new Place.Of(new HostId(id)));
                case "live/4" -> Optional.of(new Place.SessionOf(new HostId(id)));
                case "images/4" -> Optional.of(new Place.Of(new ImageId(id)));
                case "cpumodels/4" -> Optional.of(new Place.Of(new CpuModelId(id)));
                case "vms/5" -> Optional.of(new Place.Of(new VmId(id)));
                case "tasks/5" -> Optional.of(new Place.Of(new TaskId(id)));
                default -> Optional.empty();
            };
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    static void requireFormat(int format) throws UnreadableRecordException {
        requireFormat(format, FORMAT);
    }

    static void requireFormat(int format, int newest) throws UnreadableRecordException {
        if (format > newest) {
            throw new UnreadableRecordException("format : " + format + " (expected: at most " + newest
                    + "; a newer controller or agent wrote it, upgrade this controller)");
        }
    }

    private static String shard(String name) {
        int first = Integer.parseInt(Sha256.of(name.getBytes(StandardCharsets.UTF_8)).hex(), 0, 2, 16);
        return shardName(first % SHARDS);
    }

    private static String shardName(int shard) {
        return String.format("%02x", shard);
    }
}
