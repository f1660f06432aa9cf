mod airs;
