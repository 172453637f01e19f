package io.drover.vmm.process;

import io.drover.proto.vmm.v1.ReceiveMigrationRequest;
import io.drover.proto.vmm.v1.SendMigrationRequest;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.machine.Answer;

/** What the control server can do to a VM's migration, at either end. Nothing here waits. */
interface MigrationControl {
    /** Done when connections may be handed over. */
    void receive(ReceiveMigrationRequest request, Answer answer);

    /** Done when connections may be handed over. */
    void send(SendMigrationRequest request, Answer answer);

    /** Done when the switch is permitted, which comes when it can. */
    void permitSwitch(Answer answer);

    /** Done when it will end. */
    void cancel(Answer answer);

    VmmMigration status();
}
