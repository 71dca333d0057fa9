/* Memory for an operation while it runs: where it begins in the arena, of this code and of CMSIS-NN. */
#ifdef MODEL_USE_CMSIS_NN
#define SCRATCH(own, library) (arena + (library))
#else
#define SCRATCH(own, library) (arena + (own))
#endif
