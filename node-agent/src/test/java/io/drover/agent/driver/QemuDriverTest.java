package io.drover.agent.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.driver.qemu.Accelerator;
import io.drover.agent.driver.qemu.QemuDriver;
import io.drover.agent.folder.FolderWatch;
import org.junit.jupiter.api.Test;

final class QemuDriverTest extends DriverSuite {
    @Override
    Driver driver(FolderWatch watches) throws InterruptedException {
        Driver driver = QemuDriver.find("qemu-system-x86_64", System.getenv("PATH"), Accelerator.TCG, watches);
        assumeTrue(driver.status() instanceof DriverStatus.Usable, driver.status().message());
        return driver;
    }

    @Test
    void missingQemuIsRefusedNamingTheDebianPackage() throws Exception {
        FolderWatch watches = watches();
        Driver missing = QemuDriver.find("qemu-system-x86_64", temp.toString(), Accelerator.TCG, watches);

        assertThat(missing.status()).isInstanceOfSatisfying(DriverStatus.Unusable.class,
                status -> assertThat(status.message()).contains("qemu-system-x86"));
    }
}
