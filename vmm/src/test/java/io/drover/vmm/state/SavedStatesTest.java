package io.drover.vmm.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.drover.proto.vmm.v1.SavedBoard;
import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.proto.vmm.v1.SavedMachine;
import io.drover.proto.vmm.v1.SavedVirtio;
import org.junit.jupiter.api.Test;

class SavedStatesTest {
    private static SavedFunction.Builder function() {
        return SavedFunction.newBuilder().setVersion(1).setName("disk data").setSlot(1)
                .setVirtio(SavedVirtio.newBuilder().setVersion(1));
    }

    private static SavedMachine.Builder machine() {
        return SavedMachine.newBuilder().setFormat(1).setBoard(SavedBoard.newBuilder().setVersion(1))
                .addFunctions(function());
    }

    private static UnknownFieldSet field(int number) {
        return UnknownFieldSet.newBuilder().addField(number,
                UnknownFieldSet.Field.newBuilder().addVarint(1).build()).build();
    }

    @Test
    void whatIsKnownIsRead() throws Exception {
        SavedMachine machine = machine().build();
        assertThat(SavedStates.parse(machine.toByteString())).isEqualTo(machine);
    }

    @Test
    void newerFormatIsRefused() {
        assertThatThrownBy(() -> SavedStates.parse(machine().setFormat(2).build().toByteString()))
                .isInstanceOf(SavedStateException.class)
                .hasMessageContaining("format of the saved state : 2 (expected: 1");
    }

    @Test
    void unknownFieldIsRefusedByNameWhereverItIs() {
        assertThatThrownBy(() -> SavedStates.parse(machine().setUnknownFields(field(99)).build().toByteString()))
                .isInstanceOf(SavedStateException.class).hasMessageContaining("SavedMachine has the unknown field 99");
        SavedFunction.Builder function = function();
        function.getVirtioBuilder().setUnknownFields(field(77));
        assertThatThrownBy(() -> SavedStates.parse(machine().addFunctions(function).build().toByteString()))
                .isInstanceOf(SavedStateException.class)
                .hasMessageContaining("SavedMachine.functions[1].virtio has the unknown field 77");
    }

    @Test
    void deviceOfANewerVersionIsRefused() {
        SavedFunction.Builder function = function();
        function.getVirtioBuilder().setVersion(2);
        assertThatThrownBy(() -> SavedStates.parse(machine().addFunctions(function).build().toByteString()))
                .isInstanceOf(SavedStateException.class)
                .hasMessageContaining("version of SavedMachine.functions[1].virtio : 2 (expected: 1");
    }

    @Test
    void whatIsNoStateIsRefused() {
        assertThatThrownBy(() -> SavedStates.parse(ByteString.copyFromUtf8("not a state")))
                .isInstanceOf(SavedStateException.class);
        assertThatThrownBy(() -> SavedStates.parse(ByteString.EMPTY)).isInstanceOf(SavedStateException.class)
                .hasMessageContaining("format of the saved state : 0");
    }
}
