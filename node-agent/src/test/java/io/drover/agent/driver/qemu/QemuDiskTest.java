package io.drover.agent.driver.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.drover.agent.console.Console;
import io.drover.agent.driver.DeviceRefusedException;
import io.drover.agent.driver.DriverStatus;
import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineDevices;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.folder.FolderWatch;
import io.drover.agent.folder.VmFolder;
import io.drover.vmm.client.DiskImages;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.testing.TinyGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What QEMU itself says of the disks that it was given. */
@Timeout(120)
final class QemuDiskTest {
    @TempDir
    Path temp;

    @Test
    void argumentsNameEveryLayerAndQuoteNothing() {
        MachineDisk disk = new MachineDisk("root", Path.of("/a,b \"c\"/root.qcow2"),
                Optional.of(new MachineDisk.Backing(Path.of("/files/f"), MachineDisk.Format.QCOW2)), false, "S-1",
                true);
        List<String> arguments = QemuDisk.arguments(disk, 3);

        JsonObject image = JsonParser.parseString(arguments.get(1)).getAsJsonObject();
        assertThat(image.getAsJsonObject("file").get("filename").getAsString()).isEqualTo("/a,b \"c\"/root.qcow2");
        JsonObject backing = image.getAsJsonObject("backing");
        assertThat(backing.get("read-only").getAsBoolean()).isTrue();
        assertThat(backing.get("backing").isJsonNull()).as("a name inside the image is not followed").isTrue();
        JsonObject device = JsonParser.parseString(arguments.get(3)).getAsJsonObject();
        assertThat(device.get("drive")).isEqualTo(image.get("node-name"));
        assertThat(device.get("write-cache").getAsString()).isEqualTo("off");
        MachineDisk writeBack = new MachineDisk("data", disk.file(), Optional.empty(), false, "S-2", false);
        assertThat(JsonParser.parseString(QemuDisk.arguments(writeBack, 0).get(3)).getAsJsonObject().get("write-cache")
                .getAsString()).isEqualTo("on");
    }

    @Test
    void qemuHasTheDisksAsTheyWereAsked() throws Exception {
        Path base = Files.write(temp.resolve("base"), new byte[1 << 20]);
        Path root = temp.resolve("root.qcow2");
        DiskImages.create(root, 2 << 20, Optional.of(new VmmDisk.File(base, VmmDisk.Format.RAW)));
        Path data = temp.resolve("data.qcow2");
        DiskImages.create(data, 4 << 20, Optional.empty());
        Path kernel = Files.write(temp.resolve("kernel"), TinyGuest.withBanner("here").elf());
        MachinePlan plan = new MachinePlan(new VmIdentity("tiny", "uid-1", 1), 1, 16L << 20, kernel, Optional.empty(),
                "console=ttyS0",
                List.of(new MachineDisk("root", root,
                        Optional.of(new MachineDisk.Backing(base, MachineDisk.Format.RAW)), false, "root", false),
                        new MachineDisk("data", data, Optional.empty(), true, "data", true,
                                new MachineDisk.Rate(1 << 20, 0))),
                List.of());
        VmFolder folder = new VmFolder(temp.toRealPath().resolve("uid-1"));
        folder.create();
        try (FolderWatch watches = new FolderWatch()) {
            QemuDriver driver = QemuDriver.find("qemu-system-x86_64", System.getenv("PATH"), Accelerator.TCG, watches);
            assumeTrue(driver.status() instanceof DriverStatus.Usable, driver.status().message());
            Machine machine = driver.spawn(plan, folder, new Console());
            try {
                change(machine.devices());
                machine.close();
                check(machine);
            } finally {
                machine.process().kill();
                assertThat(machine.process().awaitEnd(Duration.ofSeconds(20))).isTrue();
            }
        }
    }

    private static void change(MachineDevices devices) throws Exception {
        devices.limitDisk("root", new MachineDisk.Rate(2 << 20, 300));
        devices.limitDisk("root", new MachineDisk.Rate(0, 200));
        devices.resizeDisk("root", 3 << 20);
        devices.resizeDisk("root", 3 << 20);
        assertThatThrownBy(() -> devices.resizeDisk("root", 2 << 20)).isInstanceOf(DeviceRefusedException.class)
                .hasMessageContaining("2097152 (expected: at least 3145728");
        assertThatThrownBy(() -> devices.limitDisk("root", new MachineDisk.Rate(-1, 0)))
                .isInstanceOf(DeviceRefusedException.class).hasMessageContaining("refused by QEMU");
        assertThatThrownBy(() -> devices.limitDisk("other", MachineDisk.Rate.ANY))
                .isInstanceOf(DeviceRefusedException.class).hasMessageContaining("no disk other");
    }

    private static void check(Machine machine) throws Exception {
        Map<String, JsonObject> disks = new HashMap<>();
        try (QmpClient monitor = QmpClient.connect(machine.process().folder().resolve(QemuFiles.MONITOR_SOCKET), "tiny",
                event -> {})) {
            for (JsonElement block : monitor.execute("query-block").getAsJsonArray()) {
                JsonObject inserted = block.getAsJsonObject().getAsJsonObject("inserted");
                disks.put(inserted.get("node-name").getAsString(), inserted);
            }
        }
        assertThat(disks).containsOnlyKeys("disk0", "disk1");
        JsonObject root = disks.get("disk0");
        assertThat(root.get("ro").getAsBoolean()).isFalse();
        assertThat(root.get("drv").getAsString()).isEqualTo("qcow2");
        JsonObject image = root.getAsJsonObject("image");
        assertThat(image.get("virtual-size").getAsLong()).as("resized").isEqualTo(3 << 20);
        assertThat(root.get("iops").getAsLong()).as("set while it ran").isEqualTo(200);
        assertThat(root.get("bps").getAsLong()).isZero();
        assertThat(image.getAsJsonObject("backing-image").get("filename").getAsString()).endsWith("/base");
        JsonObject data = disks.get("disk1");
        assertThat(data.get("ro").getAsBoolean()).isTrue();
        assertThat(data.get("bps").getAsLong()).as("set before it ran").isEqualTo(1 << 20);
        assertThat(data.get("iops").getAsLong()).isZero();
        assertThat(data.getAsJsonObject("cache").get("writeback").getAsBoolean()).isFalse();
        assertThat(data.getAsJsonObject("image").get("virtual-size").getAsLong()).isEqualTo(4 << 20);
    }
}
