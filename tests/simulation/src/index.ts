export { holdFestival, type FestivalOptions, type FestivalReport } from './festival.js';
