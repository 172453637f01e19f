package io.drover.vmm.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MacAddressTest {
    @Test
    void bytesAreInTheOrderOfTheText() {
        MacAddress mac = MacAddress.of("52:54:00:AB:cd:0f");
        assertThat(mac.octet(0)).isEqualTo(0x52);
        assertThat(mac.octet(5)).isEqualTo(0x0F);
        assertThat(mac).hasToString("52:54:00:ab:cd:0f");
    }

    @Test
    void whatIsNoStationsAddressIsRefused() {
        for (String text : new String[] {"", "52:54:00:12:34", "52-54-00-12-34-56", "52:54:00:12:34:5g",
                "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"}) {
            assertThatThrownBy(() -> MacAddress.of(text)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("mac : " + text);
        }
    }
}
