//! AutoML for small models: one facade over spaces, studies, samplers, schedulers and light networks.
