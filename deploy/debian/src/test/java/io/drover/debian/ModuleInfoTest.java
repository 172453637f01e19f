package io.drover.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ModuleInfoTest {
    /** The least that has sections: header, .shstrtab, .modinfo, three section headers. */
    private static byte[] module(String modinfo) {
        byte[] names = "\0.shstrtab\0.modinfo\0".getBytes(StandardCharsets.UTF_8);
        byte[] info = modinfo.getBytes(StandardCharsets.UTF_8);
        int headers = 64 + names.length + info.length;
        ByteBuffer elf = ByteBuffer.allocate(headers + 3 * 64).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1});
        elf.putLong(40, headers).putShort(58, (short) 64).putShort(60, (short) 3).putShort(62, (short) 1);
        elf.position(64).put(names).put(info);
        elf.putInt(headers + 64, 1).putLong(headers + 64 + 24, 64).putLong(headers + 64 + 32, names.length);
        elf.putInt(headers + 128, 11).putLong(headers + 128 + 24, 64L + names.length).putLong(headers + 128 + 32,
                info.length);
        return elf.array();
    }

    @Test
    void dependenciesAreRead() throws Exception {
        ModuleInfo info = ModuleInfo.parse("x", module("license=GPL\0depends=kvm,ccp\0name=kvm_amd\0"));

        assertThat(info.depends()).containsExactly("kvm", "ccp");
    }

    @Test
    void moduleWithoutDependenciesHasNone() throws Exception {
        assertThat(ModuleInfo.parse("x", module("depends=\0")).depends()).isEmpty();
        assertThat(ModuleInfo.parse("x", module("license=GPL\0")).depends()).isEmpty();
    }

    @Test
    void whatIsNoModuleIsRefusedWithItsName() {
        assertThatThrownBy(() -> ModuleInfo.parse("a.ko", new byte[100])).isInstanceOf(PackageException.class)
                .hasMessageContaining("a.ko");
        assertThatThrownBy(() -> ModuleInfo.parse("a.ko", new byte[0])).isInstanceOf(PackageException.class);
    }

    @Test
    void cutOrSpoiledModuleNeverThrowsUnchecked() {
        byte[] good = module("license=GPL\0depends=kvm\0");
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = Arrays.copyOf(good, i % 2 == 0 ? good.length : random.nextInt(good.length));
            for (int flips = 0; flips < 3 && bad.length > 0; flips++) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(ModuleInfo.parse("x", bad).depends()).isNotNull();
            } catch (PackageException expected) {
                assertThat(expected).hasMessageContaining("kernel module x");
            }
        }
    }
}
